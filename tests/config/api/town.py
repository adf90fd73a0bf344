"""A small town for generated requests: people, plans and purchases, all of it the same again for every request."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any

import schemathesis
from django.contrib.auth.models import User
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.utils import timezone
from schemathesis import GenerationMode

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from config.api.urls import api
from subscriptions.checkout import services as checkout
from subscriptions.customers import api_tokens
from subscriptions.models import CheckoutSession, Customer, Subscription
from tests.fixtures import LocalStripe

# How many requests are made in all, and with which seed: the same seed makes the same requests.
CASES = int(os.environ.get("API_CASES") or 100)
SEED = int(os.environ.get("API_SEED") or 1)

# What is there, under names that are the same in every town: Stripe's ids are not.
KNOWN = {
    "user_name": ["ada", "bob", "zoe", "grace"],
    "prod_name": ["Pro", "Book", "Team"],
    "price_id": ["the price of Pro", "the yearly price of Pro", "the price of Team", "the price of Book"],
    "product_id": ["the product Pro", "the product Team"],
    "subscription_id": ["ada's subscription"],
    "customer_id": ["ada's customer", "bob's customer"],
    "session_id": ["ada's session", "bob's session"],
}
CALLERS = ("nobody", "ada", "grace")


class _Undo(Exception):
    """What was done is to be undone, here and at Stripe."""


class Town:
    """Ada has Pro and a Book, bob has opened a checkout, zoe has nothing; grace is staff, and Team is for sale too."""

    def __init__(self, local_stripe: LocalStripe) -> None:
        self.stripe = local_stripe
        self.asked, self.seed = 0, SEED
        pro = catalog.create_product(
            name="Pro", price=PriceTerms(unit_amount=1900, currency="usd"), request_id="pro"
        ).price
        once = PriceTerms(unit_amount=4900, currency="usd", interval="one_time")
        book = catalog.create_product(name="Book", price=once, request_id="book").price
        team = catalog.create_product(
            name="Team", price=PriceTerms(unit_amount=4900, currency="usd"), request_id="team"
        ).price
        yearly = PriceTerms(unit_amount=19000, currency="usd", interval="year")
        pro_yearly = catalog.add_price(product=pro.product, terms=yearly, request_id="yearly")
        ada, bob, _zoe = (User.objects.create_user(name, f"{name}@example.com") for name in ("ada", "bob", "zoe"))
        grace = User.objects.create_superuser("grace", "grace@example.com")
        for price in (pro, book):
            self._bought(ada, price.pk)
        checkout.start(user=bob, price_id=team.pk, now=timezone.now())
        self.headers = {"nobody": {}} | {user.username: _bearer(user) for user in (ada, grace)}
        self.names = {
            "the price of Pro": pro.pk,
            "the yearly price of Pro": pro_yearly.pk,
            "the price of Team": team.pk,
            "the price of Book": book.pk,
            "the product Pro": pro.product_id,
            "the product Team": team.product_id,
            "ada's subscription": Subscription.objects.get().pk,
            "ada's customer": Customer.objects.get(account__user=ada).pk,
            "bob's customer": Customer.objects.get(account__user=bob).pk,
            "ada's session": CheckoutSession.objects.filter(customer__account__user=ada).first().stripe_id,
            "bob's session": CheckoutSession.objects.get(customer__account__user=bob).stripe_id,
        }

    def _bought(self, user: User, price_id: str) -> None:
        started = checkout.start(user=user, price_id=price_id, now=timezone.now())
        assert started.session is not None
        self.stripe.pay(started.session.stripe_id)
        checkout.complete(user=user, session_id=str(started.session.stripe_id))

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo what happens inside: here, and at Stripe."""
        with suppress(_Undo), self.stripe.sandbox.account.store.savepoint(), transaction.atomic():
            yield
            raise _Undo

    def named(self, body: Any) -> Any:
        """The body as it is sent: Stripe's ids in place of our names for them, whole numbers as such."""
        if not isinstance(body, dict):
            return body
        return {name: self._named(value) for name, value in body.items()}

    def _named(self, value: Any) -> Any:
        # 19.0 is an integer to JSON Schema, and to nobody who handles money.
        if isinstance(value, float) and value.is_integer():
            return int(value)
        return self.names.get(value, value) if isinstance(value, str) else value


def _bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {api_tokens.create(user=user, name='test', now=timezone.now())[1]}"}


@cache
def description(*, only_known: bool = False) -> Any:
    """The API's own; only, among all the names that a request may have, those of the town come often.

    With `only_known` there are no others, save for new products, and what is made up is good: to get far.
    """
    described = api.get_openapi_schema(path_prefix="/api/")
    for methods in described["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                fields = content["schema"]["properties"]
                for name in fields.keys() & KNOWN:
                    known = {"enum": KNOWN[name]}
                    is_new = operation["operationId"] == "product"
                    fields[name] = known if only_known and not is_new else {"anyOf": [known, fields[name]]}
    schema = schemathesis.openapi.from_dict(described)
    schema.app = get_wsgi_application()
    if only_known:
        schema.config.generation.update(modes=[GenerationMode.POSITIVE])
    return schema
