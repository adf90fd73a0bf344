"""Events that are not ours: webhooks, syncs and replays record them with the reason and change nothing."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from billing.models import Product
from subscriptions import stripe_clock
from subscriptions.models import CheckoutSession, Customer, Subscription, WebhookEvent
from subscriptions.monitoring import webhook_gap
from subscriptions.webhooks import handlers, inbox
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now

pytestmark = pytest.mark.django_db

FOREIGN = [
    pytest.param({"account": "acct_other"}, "sk_test_suite", "account", id="of_a_connected_account"),
    pytest.param({"livemode": True}, "sk_test_suite", "live", id="of_live_mode"),
    pytest.param({"livemode": True}, "rk_test_suite", "live", id="of_live_mode_with_a_restricted_key"),
    pytest.param({"livemode": False}, "sk_live_suite", "test", id="of_test_mode"),
    pytest.param({"livemode": False}, "rk_live_suite", "test", id="of_test_mode_with_a_restricted_key"),
]


@pytest.fixture
def created_event(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[str, Any]:
    return local_stripe.events("customer.subscription.created")[0]


def assert_nothing_was_done(event: dict[str, Any], reason: str, local_stripe: LocalStripe) -> None:
    entry = WebhookEvent.objects.get(pk=event["id"])
    assert (entry.state, entry.foreign, entry.payload, entry.attempts) == ("ignored", reason, {}, 0)
    assert Subscription.objects.count() == 0
    assert local_stripe.calls == []


class TestByWebhook:
    @pytest.mark.parametrize(("told", "key", "reason"), FOREIGN)
    def test_is_answered_and_changes_nothing(
        self,
        client: Client,
        created_event: dict[str, Any],
        local_stripe: LocalStripe,
        settings: Any,
        *,
        told: dict[str, Any],
        key: str,
        reason: str,
    ) -> None:
        settings.STRIPE_KEY = key
        event = {**created_event, **told}
        response = deliver(client, event)
        assert (response.status_code, response.json()) == (200, {"state": "ignored"})
        assert_nothing_was_done(event, reason, local_stripe)

    @pytest.mark.parametrize("key", ["sk_live_suite", "rk_live_suite", "sk_org_live_suite"])
    def test_of_the_keys_mode_is_ours(
        self, client: Client, created_event: dict[str, Any], settings: Any, key: str
    ) -> None:
        settings.STRIPE_KEY = key
        assert deliver(client, {**created_event, "livemode": True}).json() == {"state": "done"}
        assert Subscription.objects.count() == 1

    def test_of_a_product_with_the_id_of_one_of_ours(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        """People choose these ids, and "pro" is chosen often."""
        local_stripe.api.products.create({"id": "pro", "name": "Ours"})
        settle()
        theirs = local_stripe.control("events", type="product.updated", object="pro", account="acct_other")
        theirs["data"]["object"]["name"] = "Theirs"
        assert deliver(client, theirs).json() == {"state": "ignored"}
        assert Product.objects.get(pk="pro").name == "Ours"

    def test_says_nothing_about_the_time(self, client: Client, created_event: dict[str, Any]) -> None:
        later = created_event["created"] + 30 * 86_400
        deliver(client, {**created_event, "account": "acct_other", "created": later})
        stripe_clock.forget()
        assert stripe_clock.offset().total_seconds() == 0

    def test_of_an_unknown_type_says_why_as_well(self, client: Client, created_event: dict[str, Any]) -> None:
        event = {**created_event, "type": "account.updated", "account": "acct_other"}
        assert deliver(client, event).json() == {"state": "ignored"}
        assert WebhookEvent.objects.get().foreign == "account"

    def test_without_a_mode_is_ours(self, client: Client, created_event: dict[str, Any]) -> None:
        event = {name: value for name, value in created_event.items() if name != "livemode"}
        assert deliver(client, event).json() == {"state": "done"}


class TestBySync:
    @pytest.mark.parametrize("told", [{"account": "acct_other"}, {"livemode": True}])
    def test_changes_nothing(self, local_stripe: LocalStripe, customer: Customer, told: dict[str, Any]) -> None:
        settle()
        local_stripe.api.customers.update(customer.pk, {"name": "Countess"})
        changed = local_stripe.events("customer.updated")[-1]["data"]["object"]
        settle()
        theirs = {**changed, "name": "Somebody"}
        event = local_stripe.control("events", type="customer.updated", object=theirs, **told)
        run, results = sync_now()
        entry = WebhookEvent.objects.get(pk=event["id"])
        assert (entry.state, entry.source, entry.payload) == ("ignored", "sync", {})
        assert Customer.objects.get().name == "Countess"
        assert (run.is_complete, results.events, results.customers) == (True, 0, set())

    def test_are_no_sign_of_silent_webhooks(self, local_stripe: LocalStripe, customer: Customer) -> None:
        settle()
        WebhookEvent.objects.all().delete()
        for _ in range(webhook_gap.MIN_MISSED):
            local_stripe.control("events", type="customer.updated", object=customer.pk, account="acct_other")
        sync_now()
        assert WebhookEvent.objects.count() == webhook_gap.MIN_MISSED
        newest = WebhookEvent.objects.order_by("-received_at")[0].received_at
        later = newest + 2 * webhook_gap.DELIVERED_WITHIN
        assert webhook_gap.find(now=later, last_webhook_at=None) is None


class TestReplayed:
    def test_that_was_stored_under_another_key(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe, settings: Any
    ) -> None:
        deliver(client, created_event)
        Subscription.objects.all().delete()
        settings.STRIPE_KEY = "sk_live_suite"
        call_command("replay_webhooks", "--id", created_event["id"])
        entry = WebhookEvent.objects.get()
        assert (entry.state, entry.foreign, entry.payload) == ("ignored", "test", {})
        assert Subscription.objects.count() == 0
        assert local_stripe.calls == []

    def test_that_was_ignored_stays_ignored(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        event = {**created_event, "account": "acct_other"}
        deliver(client, event)
        call_command("replay_webhooks", "--id", event["id"])
        assert_nothing_was_done(event, "account", local_stripe)

    def test_beside_one_of_ours_about_an_object_of_the_same_id(
        self, local_stripe: LocalStripe, customer: Customer
    ) -> None:
        """Both failed before, and the sync tries them again together."""
        settle()
        for number, name in enumerate(["Ours", "Theirs"]):
            local_stripe.api.customers.update(customer.pk, {"name": name})
            event = local_stripe.events("customer.updated")[-1]
            event["created"] += number
            whose = {"account": "acct_other"} if name == "Theirs" else {}
            WebhookEvent.objects.create(
                pk=f"evt_{name}",
                type=event["type"],
                source="webhook",
                state="failed",
                stripe_created_at=customer.known_until,
                payload={**event, **whose},
            )
        groups = inbox.group_by_object(WebhookEvent.objects.filter(pk__in=["evt_Ours", "evt_Theirs"]))
        assert [[entry.pk for entry in group] for group in groups] == [["evt_Ours"], ["evt_Theirs"]]


class TestOfAnotherVersion:
    """An endpoint made long ago sends objects in another shape: each is fetched."""

    def test_no_member_that_it_lacks_makes_it_fail(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        """Here each lacks all of them but its id, its name and our metadata."""
        samples = {event["type"].rsplit(".", 1)[0]: event for event in local_stripe.events()}
        states = {}
        for kind in sorted(kind for kind in handlers.HANDLERS if kind.rsplit(".", 1)[0] in samples):
            sample = samples[kind.rsplit(".", 1)[0]]
            whole = sample["data"]["object"]
            bare = {name: whole[name] for name in ("id", "object", "metadata") if name in whole}
            told = {"id": f"evt_{kind}", "type": kind, "api_version": "2019-03-14", "data": {"object": bare}}
            states[kind] = deliver(client, {**sample, **told}).json()["state"]
        assert len(states) > 20
        assert set(states.values()) == {"done"}

    def test_leads_to_the_state_at_stripe(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        event = local_stripe.control(
            "events", type="customer.subscription.updated", object=subscription.pk, api_version="2024-06-20"
        )
        assert deliver(client, event).json() == {"state": "done"}
        subscription.refresh_from_db()
        assert subscription.cancels_at is not None
        assert subscription.current_period_end_at is not None
