"""Signed events whose object is not what it should be: refused, and nothing of them is kept."""

import json
from copy import deepcopy
from typing import Any

import pytest
from django.test import Client

from subscriptions.models import CheckoutSession, Customer, Invoice, Subscription, WebhookEvent
from tests.fixtures import WEBHOOK_PATH, LocalStripe, deliver, sign

pytestmark = pytest.mark.django_db


def changed(event: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The same event about an object that has these members; ... leaves one out."""
    other = deepcopy(event)
    obj = other["data"]["object"]
    obj |= members
    for name in [name for name, value in members.items() if value is ...]:
        del obj[name]
    return other


def assert_refused(client: Client, event: dict[str, Any], reason: str) -> None:
    response = deliver(client, event)
    assert response.status_code == 400
    assert reason in response.json()["error"]
    assert (Subscription.objects.count(), Invoice.objects.count(), WebhookEvent.objects.count()) == (0, 0, 0)


@pytest.fixture
def event(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[str, Any]:
    """The event of ada's new subscription, which has not come here yet."""
    return local_stripe.events("customer.subscription.created")[0]


class TestSubscription:
    @pytest.mark.parametrize(
        "members",
        [
            {"items": ...},
            {"items": []},
            {"items": {"data": [{}]}},
            {"status": ...},
            {"currency": ...},
            {"created": ...},
        ],
        ids=str,
    )
    def test_without_what_it_must_have(self, client: Client, event: dict[str, Any], members: dict[str, Any]) -> None:
        assert_refused(client, changed(event, **members), "its subscription can't be read")

    @pytest.mark.parametrize(
        ("column", "members"),
        [
            ("status", {"status": 7}),
            ("status", {"status": "x" * 31}),
            ("customer_id", {"customer": "in_1"}),
            ("latest_invoice_id", {"latest_invoice": "sub_1"}),
            ("schedule_id", {"schedule": "sub_1"}),
            ("cancel_at_period_end", {"cancel_at_period_end": "yes"}),
            ("metadata", {"metadata": [1]}),
        ],
        ids=str,
    )
    def test_with_something_else_in_its_place(
        self, client: Client, event: dict[str, Any], column: str, members: dict[str, Any]
    ) -> None:
        assert_refused(client, changed(event, **members), f"the {column} of its subscription is none")

    @pytest.mark.parametrize("seconds", ["1800000000", 1.5, True, 10**15], ids=str)
    def test_with_a_moment_that_is_none(self, client: Client, event: dict[str, Any], seconds: Any) -> None:
        assert_refused(client, changed(event, cancel_at=seconds), "its subscription can't be read")

    @pytest.mark.parametrize(
        "members",
        [{"id": "cus_1"}, {"id": "sub_sched_1"}, {"id": 7}, {"object": "invoice"}, {"object": ["x"]}],
        ids=str,
    )
    def test_that_is_something_else(self, client: Client, event: dict[str, Any], members: dict[str, Any]) -> None:
        assert_refused(client, changed(event, **members), "its object is not a subscription")

    @pytest.mark.parametrize("value", ["\0", "\ud83d", 2**63, float("nan"), float("inf")], ids=repr)
    def test_with_what_no_database_keeps(self, client: Client, event: dict[str, Any], value: Any) -> None:
        assert_refused(client, changed(event, description={"deep": [value]}), "it holds what no database keeps")

    def test_nested_deeper_than_any_of_stripes(self, client: Client, event: dict[str, Any]) -> None:
        body = json.dumps(changed(event, description="HERE")).replace('"HERE"', "[" * 60 + "]" * 60)
        headers = {"Stripe-Signature": sign(body)}
        response = client.post(WEBHOOK_PATH, data=body, content_type="application/json", headers=headers)
        assert (response.status_code, WebhookEvent.objects.count()) == (400, 0)


class TestWhatIsRead:
    def test_an_amount_beyond_what_is_stored(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        paid = local_stripe.events("invoice.paid")[0]
        assert_refused(client, changed(paid, attempt_count=2**31), "the attempt_count of its invoice is none")
        assert_refused(client, changed(paid, attempt_count=-1), "the attempt_count of its invoice is none")

    def test_a_customer_of_another_version_is_fetched_and_not_read(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        customer = Customer.objects.get()
        local_stripe.api.customers.update(customer.pk, {"name": "Countess"})
        news = changed(local_stripe.events("customer.updated")[-1], name=[1])
        response = deliver(client, {**news, "api_version": "2020-08-27"})
        assert response.status_code == 200
        customer.refresh_from_db()
        assert customer.name == "Countess"

    def test_a_session_that_is_not_ours_may_be_anything(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        completed = local_stripe.events("checkout.session.completed")[0]
        response = deliver(client, changed(completed, metadata={}, expires_at=...))
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        assert CheckoutSession.objects.get().status == "open"
