from django.db import migrations, models


def read_disputes(apps, schema_editor):  # noqa: ARG001
    """Store on each invoice what the disputes known here do; an undecided one counts more than a lost one."""
    invoices = apps.get_model("subscriptions", "Invoice").objects
    disputes = apps.get_model("subscriptions", "Dispute").objects.filter(is_deleted=False, are_funds_withdrawn=True)
    for statuses, hold in ((["lost"], "lost"), (["needs_response", "under_review"], "open")):
        ids = disputes.filter(status__in=statuses).exclude(invoice=None).values_list("invoice_id", flat=True)
        invoices.filter(pk__in=list(ids)).update(dispute_hold=hold)


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0016_token_rights"),
    ]

    operations = [
        migrations.AddField(
            model_name="invoice",
            name="dispute_hold",
            field=models.CharField(
                blank=True,
                choices=[("open", "until the bank decides"), ("lost", "the bank has decided for the customer")],
                max_length=10,
                verbose_name="disputed",
            ),
        ),
        migrations.RunPython(read_disputes, migrations.RunPython.noop),
    ]
