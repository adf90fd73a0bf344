"""The inbox: once per event, in any order, and nothing that is not Stripe's."""

import json
from datetime import timedelta
from typing import Any

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing.mirror.validation import UnreadableObject
from billing.models import Price, Product
from subscriptions import stripe_clock
from subscriptions.models import CheckoutSession, Customer, Payment, StatusChange, Subscription, WebhookEvent
from subscriptions.monitoring import health
from subscriptions.webhooks import handlers, inbox
from tests.fixtures import WEBHOOK_PATH, LocalStripe, deliver, sign
from tests.subscriptions.conftest import Meanwhile, settle, sync_now

pytestmark = pytest.mark.django_db


# Those of refunds, schedules and codes are tested where these are made.
OTHERS = ("refund.", "charge.dispute.", "subscription_schedule.", "promotion_code.")
OF_A_PURCHASE = sorted(kind for kind in handlers.HANDLERS if not kind.startswith(OTHERS))


@pytest.fixture
def created_event(paid_session: CheckoutSession, local_stripe: LocalStripe) -> dict[str, Any]:
    """The event of ada's new subscription."""
    return local_stripe.events("customer.subscription.created")[0]


def post(client: Client, body: bytes | str, signature: str | None = None) -> Any:
    headers = {} if signature is None else {"Stripe-Signature": signature}
    return client.post(WEBHOOK_PATH, data=body, content_type="application/json", headers=headers)


def entry_of(event: dict[str, Any]) -> WebhookEvent:
    return WebhookEvent.objects.get(pk=event["id"])


class TestFirstDelivery:
    def test_writes_the_row_without_a_call(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        response = deliver(client, created_event)
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        subscription = Subscription.objects.get(pk=created_event["data"]["object"]["id"])
        assert subscription.status == created_event["data"]["object"]["status"]
        assert local_stripe.calls == []
        change = StatusChange.objects.get()
        assert (change.cause_kind, change.cause_id) == ("event", created_event["id"])

    def test_of_a_type_that_does_not_concern_us(self, client: Client, created_event: dict[str, Any]) -> None:
        event = {**created_event, "id": "evt_other", "type": "balance.available"}
        response = deliver(client, event)
        assert (response.status_code, response.json()) == (200, {"state": "ignored"})
        assert entry_of(event).payload == {}
        assert Subscription.objects.count() == 0

    @pytest.mark.parametrize("kind", OF_A_PURCHASE)
    def test_every_type_in_the_table_is_handled(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe, kind: str
    ) -> None:
        """Each type with the object that it carries, as the sandbox has it now."""
        family = kind.rsplit(".", 1)[0]
        sample = next(event for event in local_stripe.events() if event["type"].rsplit(".", 1)[0] == family)
        response = deliver(client, {**sample, "id": "evt_sample", "type": kind})
        assert (response.status_code, response.json()) == (200, {"state": "done"})


class TestClock:
    def test_an_event_from_ahead_tells_stripes_time(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        """The sandbox's clock was moved; a page asked before the next sync knows it all the same."""
        sync_now()
        local_stripe.control("clock", advance=8 * 86400)
        local_stripe.api.subscriptions.update(created_event["data"]["object"]["id"], {"cancel_at_period_end": True})
        deliver(client, local_stripe.events("customer.subscription.updated")[-1])
        ahead = stripe_clock.now() - timezone.now()
        assert timedelta(days=7, hours=23) < ahead < timedelta(days=8, hours=1)


class TestDuplicate:
    def test_of_a_finished_one_does_nothing(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        deliver(client, created_event)
        version = Subscription.objects.get().version
        response = deliver(client, created_event)
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        assert Subscription.objects.get().version == version
        assert StatusChange.objects.count() == 1
        assert entry_of(created_event).attempts == 1

    def test_while_the_first_is_in_hand_comes_again_later(self, client: Client, created_event: dict[str, Any]) -> None:
        deliver(client, created_event)
        WebhookEvent.objects.update(state="processing", claimed_at=timezone.now())
        assert deliver(client, created_event).status_code == 409

    def test_takes_over_from_a_worker_that_died(self, client: Client, created_event: dict[str, Any]) -> None:
        deliver(client, created_event)
        long_ago = timezone.now() - inbox.STALE_AFTER - timedelta(seconds=1)
        WebhookEvent.objects.update(state="processing", claimed_at=long_ago)
        assert deliver(client, created_event).json() == {"state": "done"}
        assert entry_of(created_event).attempts == 2

    def test_a_worker_whose_claim_expired_undoes_nothing(self, client: Client, created_event: dict[str, Any]) -> None:
        """It stood still, another worker finished the event, and then its own try failed."""
        deliver(client, created_event)
        late = entry_of(created_event)
        WebhookEvent.objects.update(state="failed")
        assert inbox.claim(late)
        WebhookEvent.objects.update(claimed_at=timezone.now() - inbox.STALE_AFTER - timedelta(seconds=1))
        inbox.process(entry_of(created_event))
        late.payload = {}
        with pytest.raises(UnreadableObject):
            inbox.handle([late])
        entry = entry_of(created_event)
        assert (entry.state, entry.attempts, entry.error) == ("done", 3, "")


class TestOrder:
    def test_late_news_is_dropped_without_a_call(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=3600)
        local_stripe.api.subscriptions.cancel(created_event["data"]["object"]["id"])
        deliver(client, local_stripe.events("customer.subscription.deleted")[0])
        local_stripe.forget_calls()
        assert deliver(client, created_event).json() == {"state": "done"}
        assert Subscription.objects.get().status == "canceled"
        assert local_stripe.calls == []

    def test_two_states_of_one_second_are_settled_by_a_fetch(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        subscription_id = created_event["data"]["object"]["id"]
        local_stripe.api.subscriptions.update(subscription_id, {"cancel_at_period_end": True})
        updated = local_stripe.events("customer.subscription.updated")[-1]
        updated["created"] = created_event["created"]
        deliver(client, updated)
        deliver(client, created_event)
        assert local_stripe.calls == [f"GET /v1/subscriptions/{subscription_id}"]
        assert Subscription.objects.get().cancel_at_period_end

    def test_an_event_in_another_api_version_is_fetched(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        deliver(client, {**created_event, "api_version": "2019-12-03", "data": {"object": {
            "id": created_event["data"]["object"]["id"],
            "object": "subscription",
            "customer": created_event["data"]["object"]["customer"],
        }}})  # fmt: skip
        assert local_stripe.calls == [f"GET /v1/subscriptions/{created_event['data']['object']['id']}"]
        assert Subscription.objects.get().status == "active"

    def test_every_order_of_a_purchase_ends_the_same(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        events = local_stripe.events()
        for event in reversed(events):
            assert deliver(client, event).status_code == 200
        subscription = Subscription.objects.get()
        theirs = local_stripe.api.subscriptions.retrieve(subscription.pk)
        assert (subscription.status, subscription.customer_id) == (theirs.status, theirs.customer)
        paid_session.refresh_from_db()
        assert (paid_session.status, paid_session.subscription_id) == ("complete", subscription.pk)


class TestUnknownObjects:
    def test_of_a_customer_we_have_not_seen(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        Customer.objects.all().delete()
        assert deliver(client, created_event).status_code == 200
        assert Subscription.objects.get().customer_id == created_event["data"]["object"]["customer"]

    def test_of_a_price_we_have_not_seen(self, client: Client, created_event: dict[str, Any]) -> None:
        Price.objects.all().delete()
        Product.objects.all().delete()
        assert deliver(client, created_event).status_code == 200
        assert Subscription.objects.get().product_name == "A plan that is no longer listed"

    def test_a_session_that_we_did_not_make(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        event = local_stripe.events("checkout.session.completed")[0]
        event["data"]["object"] |= {"id": "cs_payment_link", "metadata": {}}
        assert deliver(client, event).status_code == 200
        assert CheckoutSession.objects.count() == 1

    def test_a_renewals_payment_is_no_purchase(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        for event in local_stripe.events("payment_intent.succeeded"):
            assert deliver(client, event).status_code == 200
        assert Payment.objects.count() == 0


class TestStripeDown:
    def test_fails_and_is_kept(self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe) -> None:
        foreign = {**created_event, "api_version": "2019-12-03"}
        local_stripe.control("faults", status=500, count=3)
        response = deliver(client, foreign)
        assert (response.status_code, response.json()) == (500, {"error": "StripeUnavailable"})
        entry = entry_of(foreign)
        assert (entry.state, entry.attempts) == ("failed", 0)
        assert "StripeUnavailable" in entry.error
        assert Subscription.objects.count() == 0

    def test_and_is_taken_up_again_by_stripes_next_try(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        foreign = {**created_event, "api_version": "2019-12-03"}
        local_stripe.control("faults", status=500, count=3)
        deliver(client, foreign)
        assert deliver(client, foreign).json() == {"state": "done"}
        assert Subscription.objects.get().status == "active"
        assert (entry_of(foreign).error, entry_of(foreign).attempts) == ("", 1)

    def test_for_long_does_not_end_the_tries(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        """Stripe lists events, and answers 500 to what an event of another API version needs."""
        settle()
        foreign = {**created_event, "id": "evt_foreign", "api_version": "2019-12-03"}
        local_stripe.control("faults", status=500, count=10_000, path="/v1/subscriptions/")
        Subscription.objects.all().delete()
        deliver(client, foreign)
        for _ in range(inbox.MAX_ATTEMPTS):
            assert not sync_now()[0].is_complete
        local_stripe.control("faults")
        assert sync_now()[0].is_complete
        assert entry_of(foreign).state == "done"
        assert Subscription.objects.count() == 1

    def test_or_by_staff(
        self,
        client: Client,
        created_event: dict[str, Any],
        local_stripe: LocalStripe,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        foreign = {**created_event, "api_version": "2019-12-03"}
        local_stripe.control("faults", status=500, count=3)
        deliver(client, foreign)
        call_command("replay_webhooks", "--failed")
        assert capsys.readouterr().out == (
            f"{foreign['id']} customer.subscription.created: done\n1 processed, 0 failed.\n"
        )
        assert Subscription.objects.get().status == "active"


class TestKilledWorkers:
    def test_are_counted_and_the_event_is_given_up(
        self, client: Client, created_event: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        settle()
        deliver(client, {**created_event, "id": "evt_killer"})
        long_ago = timezone.now() - inbox.STALE_AFTER - timedelta(seconds=1)
        killer = WebhookEvent.objects.filter(pk="evt_killer")
        killer.update(state="processing", claimed_at=long_ago, attempts=inbox.MAX_ATTEMPTS)
        run, _ = sync_now()
        assert (run.is_complete, run.events) == (True, 0)
        entry = killer.get()
        assert (entry.state, entry.attempts, entry.error) == ("failed", 20, inbox.WORKER_DIED)
        problems = [note.code for note in health.read(now=timezone.now()).problems]
        assert problems == ["events_failed"]

    def test_leave_room_for_events_that_were_tried_longer_ago(self, db: None) -> None:
        now = timezone.now()
        WebhookEvent.objects.bulk_create(
            WebhookEvent(id=f"evt_{n}", type="x", state="failed", stripe_created_at=now - timedelta(n), claimed_at=now)
            for n in range(101)
        )
        WebhookEvent.objects.filter(pk="evt_0").update(claimed_at=now - timedelta(minutes=1))
        assert inbox.retry_due(now=now)[0].pk == "evt_0"


class TestLog:
    def test_holds_ids_and_no_content(
        self,
        client: Client,
        created_event: dict[str, Any],
        local_stripe: LocalStripe,
        meanwhile: Meanwhile,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def answer_nonsense() -> None:
            body = json.dumps({"customer": "ada@example.com"})
            raise stripe.APIError(f"Invalid response object from API: {body!r}", http_status=502)

        meanwhile.before("GET /v1/subscriptions/", answer_nonsense)
        assert deliver(client, {**created_event, "api_version": "2019-12-03"}).status_code == 500
        assert f"event failed: {created_event['id']} (StripeUnavailable)" in caplog.text
        assert "ada@example.com" not in caplog.text + entry_of(created_event).error


class TestRefusals:
    """What is not a signed event of Stripe's: a 400 with a reason, and no row."""

    def assert_refused(self, response: Any, reason: str) -> None:
        assert (response.status_code, response.json()) == (400, {"error": reason})
        assert WebhookEvent.objects.count() == 0
        assert Subscription.objects.count() == 0

    UNSIGNED = "The signature is missing, wrong or too old."

    def test_unsigned(self, client: Client, created_event: dict[str, Any]) -> None:
        self.assert_refused(post(client, json.dumps(created_event)), self.UNSIGNED)

    @pytest.mark.parametrize(
        "signature", ["", "t=1", "v1=abc", "t=x,v1=y", "t=1,v1=\u00e9".encode().decode("latin-1")]
    )
    def test_wrong_signature(self, client: Client, created_event: dict[str, Any], signature: str) -> None:
        self.assert_refused(post(client, json.dumps(created_event), signature), self.UNSIGNED)

    def test_signed_with_another_secret(self, client: Client, created_event: dict[str, Any]) -> None:
        body = json.dumps(created_event)
        self.assert_refused(post(client, body, sign(body, secret="whsec_other")), self.UNSIGNED)

    def test_too_old(self, client: Client, created_event: dict[str, Any]) -> None:
        body = json.dumps(created_event)
        old = int(timezone.now().timestamp()) - 301
        self.assert_refused(post(client, body, sign(body, timestamp=old)), self.UNSIGNED)

    def test_truncated(self, client: Client, created_event: dict[str, Any]) -> None:
        body = json.dumps(created_event)
        self.assert_refused(post(client, body[:-1], sign(body)), self.UNSIGNED)

    def test_not_utf8(self, client: Client, local_stripe: LocalStripe) -> None:
        self.assert_refused(post(client, b"\xff\xfe", "t=1,v1=a"), "The body is not UTF-8.")

    @pytest.mark.parametrize("body", ["", "{", "nonsense", "[" * 100_000, '{"id": "evt_1"}', '{"id": 5, "type": []}'])
    def test_signed_but_no_event(self, client: Client, local_stripe: LocalStripe, body: str) -> None:
        self.assert_refused(post(client, body, sign(body)), "The body is not an event.")

    @pytest.mark.parametrize("body", ["[]", "3", "null", '"evt_1"'])
    def test_signed_but_no_object(self, client: Client, local_stripe: LocalStripe, body: str) -> None:
        self.assert_refused(post(client, body, sign(body)), "The body is not a JSON object.")

    def test_too_large(self, client: Client, local_stripe: LocalStripe) -> None:
        self.assert_refused(post(client, "x" * 1_500_000, "t=1,v1=a"), "The body is too large.")

    def test_wrong_method(self, client: Client) -> None:
        assert client.get(WEBHOOK_PATH).status_code == 405

    def test_everything_without_a_secret(self, client: Client, created_event: dict[str, Any], settings: Any) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        assert deliver(client, created_event).status_code == 500
        assert WebhookEvent.objects.count() == 0

    def test_either_secret_is_good_while_they_rotate(
        self, client: Client, created_event: dict[str, Any], settings: Any
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_suite"]
        assert deliver(client, created_event).status_code == 200
        body = json.dumps(created_event)
        assert post(client, body, sign(body, secret="whsec_new")).status_code == 200


class TestReplayCommand:
    def test_an_event_that_never_came(self, db: None) -> None:
        with pytest.raises(CommandError, match="no event evt_1 has come in"):
            call_command("replay_webhooks", "--id", "evt_1")

    def test_nothing_failed(self, db: None, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("replay_webhooks")
        assert capsys.readouterr().out == "0 processed, 0 failed.\n"

    def test_one_by_its_id_though_it_was_done(
        self, client: Client, created_event: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        deliver(client, created_event)
        Subscription.objects.all().delete()
        call_command("replay_webhooks", "--id", created_event["id"])
        assert "1 processed, 0 failed." in capsys.readouterr().out
        assert Subscription.objects.count() == 1
