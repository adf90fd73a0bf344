import django.db.models.deletion
from django.db import migrations

import billing.models

BATCH = 500


def read_customers(apps, schema_editor):  # noqa: ARG001
    """Take the customers from the subscriptions; those of schedules that have not started come with the next sync."""
    schedules = apps.get_model("subscriptions", "SubscriptionSchedule").objects
    subscriptions = apps.get_model("subscriptions", "Subscription").objects
    pairs = list(schedules.exclude(subscription=None).order_by("pk").values_list("pk", "subscription_id"))
    for start in range(0, len(pairs), BATCH):
        batch = dict(pairs[start : start + BATCH])
        found = subscriptions.filter(pk__in=list(batch.values())).order_by("pk")
        customers = dict(found.values_list("pk", "customer_id"))
        for pk, subscription_id in batch.items():
            schedules.filter(pk=pk).update(customer_id=customers.get(subscription_id))


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0018_cron_runs"),
    ]

    operations = [
        migrations.AddField(
            model_name="subscriptionschedule",
            name="customer",
            field=billing.models.LooseLink(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="schedules",
                to="subscriptions.customer",
            ),
        ),
        migrations.RunPython(read_customers, migrations.RunPython.noop),
    ]
