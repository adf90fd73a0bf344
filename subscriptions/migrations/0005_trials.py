"""Free trials once per person: grants by staff, and the account that a customer's metadata names."""

import uuid
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import billing.models

MAX_ACCOUNT_ID = 64


def read_named_accounts(apps: Any, _schema_editor: Any) -> None:
    customers = apps.get_model("subscriptions", "Customer").objects
    for pk, metadata in list(customers.values_list("pk", "metadata")):
        if named := (metadata or {}).get("standing_order_account", ""):
            customers.filter(pk=pk).update(named_account=named[:MAX_ACCOUNT_ID])


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_trials"),
        ("subscriptions", "0004_plain_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TrialGrant",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        db_column="_id", default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("granted_at", models.DateTimeField(editable=False)),
            ],
            options={
                "verbose_name": "granted trial",
                "ordering": ("-granted_at",),
            },
        ),
        migrations.AddField(
            model_name="checkoutsession",
            name="trial_days",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="customer",
            name="named_account",
            field=models.CharField(blank=True, help_text="The account that its metadata names.", max_length=64),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["named_account"], name="subscriptio_named_a_3a2a46_idx"),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["email"], name="subscriptio_email_d79168_idx"),
        ),
        migrations.AddField(
            model_name="trialgrant",
            name="product",
            field=billing.models.LooseLink(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="billing.product",
            ),
        ),
        migrations.AddField(
            model_name="trialgrant",
            name="user",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="trial_grants",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person",
            ),
        ),
        migrations.RunPython(read_named_accounts, migrations.RunPython.noop),
    ]
