"""Call every operation with random parameters that are valid one by one: never a 500."""

import random
import re

import pytest
from werkzeug.test import Client

from sandbox import api
from sandbox.http import contract
from sandbox.http.contract import parameters

KEY = {"Authorization": "Bearer sk_test_suite"}
TEXTS = [
    "",
    "0",
    "-1",
    "1.5",
    "9" * 18,
    "true",
    "now",
    "usd",
    "month",
    "x" * 6000,
    "é\x00\u202e",
    "https://shop.example",
]


class RandomParameters:
    """Random parameters of the right types, from existing ids and boundary values."""

    def __init__(self, seed, ids):
        self.random = random.Random(seed)  # noqa: S311 - repeatable on purpose.
        self.ids = ids

    def path(self, rule):
        return re.sub(r"<\w+>", lambda _name: self.random.choice(self.ids), rule)

    def form(self, method, path):
        """Return encoded parameters of the operation: all required ones and a few others."""
        return dict(self.flat(self.members(contract.operation(method, path).params)))

    def members(self, typed):
        kinds = parameters.fields(typed)
        some = self.random.sample(sorted(kinds), min(len(kinds), self.random.randrange(4)))
        return {name: self.value(kinds[name]) for name in sorted({*parameters.required(typed), *some} - {"expand"})}

    def value(self, kind):
        made = [self.random.choice([*TEXTS, *self.ids])] if kind.is_text or kind.scalars else []
        made += [self.random.choice(kind.choices)] if kind.choices else []
        made += [self.members(kind.members)] if kind.members else []
        made += [{"0": self.value(kind.item)}] if kind.item else []
        made += [{"_key": self.value(kind.entry)}] if kind.entry else []
        return self.random.choice(made or [""])  # Some parameters can only be unset.

    def flat(self, form, prefix=""):
        for name, value in form.items():
            key = f"{prefix}[{name}]" if prefix else name
            if isinstance(value, dict):
                yield from self.flat(value, key)
            else:
                yield key, value


@pytest.fixture
def ids(api, price):
    """One id of each kind of object."""
    customer = api.customers.create({"email": "ada@example.com"}).id
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    api.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
    subscription = api.subscriptions.create({"customer": customer, "items": [{"price": price.id}]})
    intent = api.payment_intents.list().data[0]
    once = api.prices.create({"product": price.product, "currency": "usd", "unit_amount": 500}).id
    session = {"mode": "payment", "line_items": [{"price": once, "quantity": 1}], "success_url": "https://x.example"}
    found = [price.product, price.id, once, customer, method, subscription.id, subscription["items"].data[0].id]
    found += [subscription.latest_invoice, intent.id, intent.latest_charge, api.invoice_payments.list().data[0].id]
    return [*found, api.checkout.sessions.create(session).id, api.events.list().data[0].id, "nobody"]


class TestRandomParameters:
    @pytest.mark.parametrize("seed", range(3))
    def test_is_answered_or_refused(self, sandbox, ids, seed):
        client, nonsense = Client(sandbox), RandomParameters(seed, ids)
        operations = [route for route in api.routes() if route[0] != "DELETE"]
        for _ in range(500):
            method, rule, _function = nonsense.random.choice(operations)
            path = nonsense.path(rule)
            place = "data" if method == "POST" else "query_string"
            form = nonsense.form(method, path)

            answer = client.open(path, method=method, headers=KEY, **{place: form})

            refused = {400, 402, 403 if rule.startswith("/v1/accounts/") else 404}
            assert answer.status_code in {200, *refused}, (method, path, form, answer.text)
            assert answer.is_json
