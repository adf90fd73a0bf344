"""One claim per customer and product, in a table of its own.

Until now a purchase claimed its product by `CheckoutSession.open_key`, and a change of plan by
`Subscription.changing_to`. Purchases and changes that are in progress keep their claims.
"""

import uuid
from typing import Any

import django.db.models.deletion
from django.db import migrations, models

import billing.models

BATCH = 500


def carry_over(apps: Any, _schema_editor: Any) -> None:
    """Claim what is being bought or changed to. Where it is both, the purchase counts: its session can be paid."""
    claims = apps.get_model("subscriptions", "ProductClaim").objects
    for session in _unfinished(apps):
        claims.create(
            pk=session.open_key,
            customer_id=session.customer_id,
            product_id=session.product_id,
            state="buying" if session.status == "claimed" else "at_checkout",
            attempt_id=session.pk,
            taken_at=session.claimed_at,
        )
    for subscription in apps.get_model("subscriptions", "Subscription").objects.exclude(changing_to=""):
        claims.get_or_create(
            pk=f"{subscription.customer_id} {subscription.changing_to}",
            defaults={
                "customer_id": subscription.customer_id,
                "product_id": subscription.changing_to,
                "state": "changing",
                "subscription_id": subscription.pk,
                "taken_at": subscription.changing_since_at,
            },
        )


def carry_back(apps: Any, _schema_editor: Any) -> None:
    sessions = apps.get_model("subscriptions", "CheckoutSession").objects
    subscriptions = apps.get_model("subscriptions", "Subscription").objects
    for claim in apps.get_model("subscriptions", "ProductClaim").objects.all():
        if claim.state == "changing":
            changed = subscriptions.filter(pk=claim.subscription_id)
            changed.update(changing_to=claim.product_id, changing_since_at=claim.taken_at)
        else:
            sessions.filter(pk=claim.attempt_id).update(open_key=claim.pk)


def _unfinished(apps: Any) -> Any:
    """Sessions with a claim, but for those whose purchase is in the mirror: they kept theirs until the next click."""
    payments = apps.get_model("subscriptions", "Payment").objects
    subscriptions = apps.get_model("subscriptions", "Subscription").objects
    for session in apps.get_model("subscriptions", "CheckoutSession").objects.exclude(open_key=None).iterator(BATCH):
        has_arrived = session.status == "complete" and (
            subscriptions.filter(pk=session.subscription_id).exists() or payments.filter(pk=session.pk).exists()
        )
        if not has_arrived:
            yield session


def _link(to: str, related_name: str) -> Any:
    return billing.models.LooseLink(
        blank=True,
        db_constraint=False,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        related_name=related_name,
        to=to,
    )


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0001_initial"),
        ("subscriptions", "0002_plain_labels"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProductClaim",
            fields=[
                (
                    "id",
                    models.CharField(
                        db_column="_id", editable=False, max_length=520, primary_key=True, serialize=False
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("buying", "a checkout session is being made"),
                            ("at_checkout", "the checkout session is at Stripe"),
                            ("changing", "a subscription is being changed"),
                        ],
                        max_length=20,
                    ),
                ),
                ("attempt_id", models.UUIDField(default=uuid.uuid4, unique=True)),
                ("taken_at", models.DateTimeField()),
                ("customer", _link("subscriptions.customer", "claims")),
                ("product", _link("billing.product", "+")),
                ("subscription", _link("subscriptions.subscription", "+")),
            ],
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveIndex(model_name="checkoutsession", name="subscriptio_open_ke_d8741a_idx"),
        migrations.RemoveField(model_name="checkoutsession", name="open_key"),
        migrations.RemoveField(model_name="subscription", name="changing_to"),
        migrations.RemoveField(model_name="subscription", name="changing_since_at"),
    ]
