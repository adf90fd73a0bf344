"""Signed events whose object is not what it should be: stored as failed with the reason, and no row changes."""

from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.test import Client

from subscriptions.mirror import mapping
from subscriptions.models import CheckoutSession, Customer, Invoice, Subscription, WebhookEvent
from tests.fixtures import LocalStripe, deliver

pytestmark = pytest.mark.django_db


def changed(event: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The same event about an object that has these members; ... leaves one out."""
    other = deepcopy(event)
    obj = other["data"]["object"]
    obj |= members
    for name in [name for name, value in members.items() if value is ...]:
        del obj[name]
    return other


def assert_failed(client: Client, event: dict[str, Any], reason: str) -> None:
    response = deliver(client, event)
    assert (response.status_code, response.json()) == (200, {"state": "failed"})
    entry = WebhookEvent.objects.get()
    assert (entry.pk, entry.state) == (event["id"], "failed")
    assert reason in entry.error
    assert (Subscription.objects.count(), Invoice.objects.count()) == (0, 0)


@pytest.fixture
def event(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[str, Any]:
    """The event of ada's new subscription, which has not come here yet."""
    return local_stripe.events("customer.subscription.created")[0]


class TestSubscription:
    @pytest.mark.parametrize(
        ("members", "reason"),
        [
            ({"items": ...}, "It has no 'items'."),
            ({"items": []}, "It can't be read: TypeError."),
            ({"items": {"data": [{}]}}, "It has no 'price'."),
            ({"status": ...}, "It has no 'status'."),
            ({"currency": ...}, "It has no 'currency'."),
            ({"created": ...}, "It has no 'created'."),
        ],
        ids=str,
    )
    def test_without_what_it_must_have(
        self, client: Client, event: dict[str, Any], members: dict[str, Any], reason: str
    ) -> None:
        assert_failed(client, changed(event, **members), reason)

    @pytest.mark.parametrize(
        ("reason", "members"),
        [
            ("status is a int", {"status": 7}),
            ("status is too long", {"status": "x" * 31}),
            ("customer_id is not the id of a customer", {"customer": "in_1"}),
            ("latest_invoice_id is not the id of a invoice", {"latest_invoice": "sub_1"}),
            ("schedule_id is not the id of a subscription_schedule", {"schedule": "sub_1"}),
            ("cancel_at_period_end is a str", {"cancel_at_period_end": "yes"}),
            ("metadata is a list", {"metadata": [1]}),
        ],
        ids=str,
    )
    def test_with_something_else_in_its_place(
        self, client: Client, event: dict[str, Any], reason: str, members: dict[str, Any]
    ) -> None:
        assert_failed(client, changed(event, **members), f"{reason}.")

    @pytest.mark.parametrize("seconds", ["1800000000", 1.5, True, 10**15], ids=str)
    def test_with_a_moment_that_is_none(self, client: Client, event: dict[str, Any], seconds: Any) -> None:
        assert_failed(client, changed(event, cancel_at=seconds), "It can't be read: ")

    @pytest.mark.parametrize(
        "members",
        [{"id": "cus_1"}, {"id": "sub_sched_1"}, {"id": 7}, {"object": "invoice"}, {"object": ["x"]}],
        ids=str,
    )
    def test_that_is_something_else(self, client: Client, event: dict[str, Any], members: dict[str, Any]) -> None:
        assert_failed(client, changed(event, **members), " a subscription.")

    @pytest.mark.parametrize(
        ("value", "reason"),
        [
            ("\0", "The content holds a NUL character."),
            ("\ud83d", "The content holds half a surrogate pair."),
            (2**63, "The content holds a number of more than 64 bits."),
            (float("nan"), "The content holds a number that is not finite."),
            (float("inf"), "The content holds a number that is not finite."),
        ],
        ids=repr,
    )
    def test_with_content_that_some_database_refuses(
        self, client: Client, event: dict[str, Any], value: Any, reason: str
    ) -> None:
        assert_failed(client, changed(event, description={"deep": [value]}), reason)
        assert WebhookEvent.objects.get().payload == {}

    def test_nested_deeper_than_any_of_stripes(self, client: Client, event: dict[str, Any]) -> None:
        deep: list[Any] = []
        for _ in range(60):
            deep = [deep]
        assert_failed(client, changed(event, description=deep), "The content is nested more than 50 levels deep.")

    def test_is_replayed_once_its_cause_is_mended(
        self, client: Client, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        deliver(client, changed(event, status=7))
        WebhookEvent.objects.update(payload=event)
        call_command("replay_webhooks")
        assert capsys.readouterr().out.endswith("1 processed, 0 failed.\n")
        assert Subscription.objects.get().status == event["data"]["object"]["status"]

    def test_whose_content_is_not_stored_is_ignored_when_replayed(
        self, client: Client, event: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        deliver(client, changed(event, description="\0"))
        call_command("replay_webhooks")
        assert capsys.readouterr().out == (
            f"{event['id']} customer.subscription.created: ignored\n1 processed, 0 failed.\n"
        )
        assert WebhookEvent.objects.get().state == "ignored"


class TestWhatIsRead:
    @pytest.mark.parametrize("count", [2**31, -1])
    def test_an_amount_beyond_what_is_stored(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe, count: int
    ) -> None:
        paid = local_stripe.events("invoice.paid")[0]
        assert_failed(client, changed(paid, attempt_count=count), "The value of attempt_count is out of range.")

    def test_a_customer_of_another_version_is_fetched_and_not_read(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        customer = Customer.objects.get()
        local_stripe.api.customers.update(customer.pk, {"name": "Countess"})
        news = changed(local_stripe.events("customer.updated")[-1], name=[1])
        response = deliver(client, {**news, "api_version": "2020-08-27"})
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        customer.refresh_from_db()
        assert customer.name == "Countess"

    def test_a_session_that_names_another_claim_than_before_is_refused_by_the_database(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        completed = local_stripe.events("checkout.session.completed")[0]
        metadata = {**completed["data"]["object"]["metadata"], mapping.CLAIM: str(uuid4())}
        response = deliver(client, changed(completed, metadata=metadata))
        assert (response.status_code, response.json()) == (500, {"error": "IntegrityError"})
        assert WebhookEvent.objects.get().state == "failed"

    def test_a_session_that_is_not_ours_may_be_anything(
        self, client: Client, event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        completed = local_stripe.events("checkout.session.completed")[0]
        response = deliver(client, changed(completed, metadata={}, expires_at=...))
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        assert CheckoutSession.objects.get().status == "open"
