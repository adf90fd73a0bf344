"""Erasing a person and deleting a user, tried on a row of every model that there is."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db.models import Model
from django.utils import timezone

from billing.models import Price
from subscriptions import models as ours
from subscriptions.customers import services as customers
from subscriptions.models import BillingAccount, Customer
from tests.fixtures import LocalStripe
from tests.subscriptions.rows import MAY, item_of

pytestmark = pytest.mark.django_db

MONEY = {"amount": 100, "currency": "usd", "status": "succeeded", "stripe_created_at": MAY}

# Models whose rows are about nobody, and why.
OF_NOBODY = {
    "billing.Installation": "a random id",
    "billing.KeptRequest": "what staff ask Stripe for: ids and amounts",
    "billing.Product": "the catalog",
    "billing.Price": "the catalog",
    "billing.Coupon": "the terms of a coupon, whoever used it",
    "billing.PromotionCode": "a code that anyone enters, with a count of its uses",
    "subscriptions.ErasedCustomer": "the id alone, so that no late event brings the rest back",
    "subscriptions.ErasedObject": "a digest of an id",
    "subscriptions.RateCount": "a keyed hash and a count, for an hour",
    "subscriptions.SyncState": "how far the sync has come",
    "subscriptions.SyncRun": "counts, and ids of Stripe's objects",
}


def rows_of(user: User, customer: Customer, price: Price) -> dict[str, Callable[[], Model]]:
    """How to make a row of each model that is about a person."""
    name = user.username
    account = BillingAccount.objects.get(user=user)
    theirs: dict[str, Any] = {"customer": customer}

    def subscription() -> Model:
        return ours.Subscription.objects.create(
            pk=f"sub_{name}", status="active", price=price, product=price.product, items=[item_of(price)],
            discount_ids=["di_1"], discounts=[{"id": "di_1", "coupon": "co_1", "end": None, "item": None}], **theirs
        )  # fmt: skip

    def event() -> Model:
        payload = {"data": {"object": {"id": f"sub_{name}", "object": "subscription", "customer": customer.pk}}}
        return ours.WebhookEvent.objects.create(
            pk=f"evt_{name}", type="customer.subscription.updated", source="sync", stripe_created_at=MAY,
            payload=payload,
        )  # fmt: skip

    return {
        "subscriptions.ApiToken": lambda: ours.ApiToken.objects.create(user=user, name=name, digest=name),
        "subscriptions.BillingAccount": lambda: account,
        "subscriptions.CheckoutSession": lambda: ours.CheckoutSession.objects.create(mode="payment", **theirs),
        "subscriptions.ConfirmedAddress": lambda: ours.ConfirmedAddress.objects.create(
            user=user, email=user.email, confirmed_at=MAY
        ),
        "subscriptions.Customer": lambda: customer,
        "subscriptions.DetailsToSend": lambda: ours.DetailsToSend.objects.create(account=account),
        "subscriptions.Dispute": lambda: ours.Dispute.objects.create(pk=f"du_{name}", **MONEY, **theirs),
        "subscriptions.Invoice": lambda: ours.Invoice.objects.create(
            pk=f"in_{name}", status="paid", currency="usd", total=1, dispute_hold="lost", **theirs
        ),
        "subscriptions.LinkedCustomer": lambda: ours.LinkedCustomer.objects.create(
            pk=f"cus_more_{name}", account=account, linked_at=MAY
        ),
        "subscriptions.Payment": lambda: ours.Payment.objects.create(
            payment_intent_id=f"pi_{name}", was_cancelled_unpaid=True, **MONEY, **theirs
        ),
        "subscriptions.PersonLookup": lambda: ours.PersonLookup.objects.get(pk=user.pk),
        "subscriptions.ProductClaim": lambda: ours.ProductClaim.objects.create(
            pk=f"{customer.pk} {price.product_id}", product=price.product, state="buying", taken_at=MAY, **theirs
        ),
        # One that came before its payment was known names no customer.
        "subscriptions.Refund": lambda: ours.Refund.objects.create(
            pk=f"re_{name}", payment_intent_id=f"pi_{name}", **MONEY
        ),
        "subscriptions.StatusChange": lambda: ours.StatusChange.objects.create(
            id=uuid.uuid4(), subscription_id=f"sub_{name}", to_status="active", changed_at=MAY
        ),
        "subscriptions.Subscription": subscription,
        "subscriptions.SubscriptionSchedule": lambda: ours.SubscriptionSchedule.objects.create(
            pk=f"sub_sched_{name}", status="released", **theirs
        ),
        "subscriptions.TrialGrant": lambda: ours.TrialGrant.objects.create(
            user=user, product=price.product, granted_at=MAY
        ),
        "subscriptions.WebhookEvent": event,
    }


def fill(user: User, price: Price) -> dict[str, Model]:
    customer = customers.ensure(user)
    return {name: make() for name, make in rows_of(user, customer, price).items()}


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", "bob@example.com", "correct horse battery")


@pytest.fixture
def filled(person: User, bob: User, price: Price, local_stripe: LocalStripe) -> list[dict[str, Model]]:
    """A row of every model, of ada and of bob."""
    return [fill(person, price), fill(bob, price)]


def left(rows: dict[str, Model]) -> set[str]:
    """Return the models whose row is still there; of a stored event, whether it has its content."""
    kept = {name for name, row in rows.items() if type(row)._default_manager.filter(pk=row.pk).exists()}
    if not ours.WebhookEvent.objects.exclude(payload={}).filter(pk=rows["subscriptions.WebhookEvent"].pk).exists():
        kept.discard("subscriptions.WebhookEvent")
    return kept


def test_each_model_is_known_here(person: User, price: Price, local_stripe: LocalStripe) -> None:
    """A new model is either about people, and tried below, or about nobody, for a reason."""
    models = {
        model._meta.label for app in ("billing", "subscriptions") for model in apps.get_app_config(app).get_models()
    }
    about_people = set(rows_of(person, customers.ensure(person), price))
    assert about_people & set(OF_NOBODY) == set()
    assert models == about_people | set(OF_NOBODY)


def test_erasing_leaves_nothing_of_the_person_and_all_of_others(filled: list[dict[str, Model]]) -> None:
    ada, bob = filled
    customer = ada["subscriptions.Customer"]
    LogEntry.objects.create(
        user=User.objects.get(username="bob"), content_type=ContentType.objects.get_for_model(Customer),
        object_id=customer.pk, object_repr=str(customer), action_flag=CHANGE, change_message="Archived.",
        action_time=timezone.now(),
    )  # fmt: skip
    call_command("erase_customer", "ada", "--no-input")
    assert left(ada) == set()
    assert left(bob) == set(bob)
    assert not User.objects.filter(username="ada").exists()
    assert LogEntry.objects.get().object_repr == "(erased)"


def test_deleting_the_user_leaves_only_what_is_at_stripe(filled: list[dict[str, Model]], person: User) -> None:
    ada, bob = filled
    person.delete()
    addresses = {"ConfirmedAddress", "DetailsToSend", "PersonLookup"}
    of_users = {"ApiToken", "BillingAccount", "LinkedCustomer", "TrialGrant"} | addresses
    assert left(ada) == set(ada) - {f"subscriptions.{name}" for name in of_users}
    assert left(bob) == set(bob)
