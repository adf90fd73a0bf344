from django.db import migrations

from billing.mirror.new_columns import AddContents


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0025_lists_by_index"),
    ]

    operations = [
        # The further items of a change to come, and the currency of a subscription that begins later.
        AddContents("subscriptionschedule", "following"),
    ]
