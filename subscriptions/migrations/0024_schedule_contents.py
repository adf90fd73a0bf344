from django.db import migrations

from billing.mirror.new_columns import AddContents


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0023_trials_without_card"),
    ]

    operations = [
        # Whether a change to come has a discount, and within how many days its invoices are to be paid.
        AddContents("subscriptionschedule", "following"),
    ]
