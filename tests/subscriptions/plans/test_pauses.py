"""Pauses that the dashboard or Stripe makes: each says why, what it means and what comes next."""

from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions import access
from subscriptions.models import Customer, Invoice, StatusChange, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, path_to, settle, sync_now
from tests.subscriptions.plans.test_agreed_ends import card, day
from tests.subscriptions.reading import steps, words

pytestmark = pytest.mark.django_db


def pause_payments(local_stripe: LocalStripe, subscription: Subscription, behavior: str, **until: int) -> Subscription:
    params: Any = {"pause_collection": {"behavior": behavior, **until}}
    local_stripe.api.subscriptions.update(subscription.pk, params)
    sync_now()
    return Subscription.objects.get()


def renew(local_stripe: LocalStripe, subscription: Subscription) -> Subscription:
    assert subscription.current_period_end_at is not None
    local_stripe.control("clock", to=int(subscription.current_period_end_at.timestamp()) + DAY)
    sync_now()
    return Subscription.objects.get()


def labels(client: Client) -> list[str]:
    return [step.label for step in steps(card(client))]


class TestPausedPayments:
    @pytest.mark.parametrize(
        ("behavior", "label", "meaning", "keeps_access"),
        [
            ("keep_as_draft", "Payments paused", "what falls due meanwhile may be charged later.", True),
            ("mark_uncollectible", "Payments paused", "and nothing is charged for that time.", True),
            ("void", "Paused", "nothing is charged, and you have no access meanwhile.", False),
        ],
    )
    def test_mean_what_stripe_advises(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        person: Any,
        subscription: Subscription,
        local_stripe: LocalStripe,
        behavior: str,
        label: str,
        meaning: str,
        keeps_access: bool,  # noqa: FBT001
    ) -> None:
        paused = pause_payments(local_stripe, subscription, behavior)
        assert StatusChange.objects.latest("recorded_at").words == "Payments paused"
        assert paused.gives_access  # The period is paid.
        assert f"Pro {label} $19.00" in words(card(customer_client))
        renewed = renew(local_stripe, paused)
        assert (renewed.status, renewed.gives_access) == ("active", keeps_access)
        assert list(Subscription.objects.giving_access(renewed.known_until)) == [renewed] * keeps_access  # type: ignore[arg-type]
        assert access.has_access(person, subscription.product_id) is keeps_access
        told = words(card(customer_client))
        assert meaning in told
        assert "Renews on" not in told
        assert "Please contact us to start payments again." in told
        assert labels(customer_client) == ["Cancel Pro"]

    @pytest.mark.parametrize(("choice", "gives_access"), [("always", True), ("never", False)])
    def test_give_access_as_is_set(
        self,
        settings: Any,
        subscription: Subscription,
        local_stripe: LocalStripe,
        choice: str,
        gives_access: bool,  # noqa: FBT001
    ) -> None:
        settings.ACCESS_WHILE_PAUSED = choice
        for behavior in ("void", "keep_as_draft"):
            renewed = renew(local_stripe, pause_payments(local_stripe, Subscription.objects.get(), behavior))
            assert renewed.gives_access is gives_access
            assert Subscription.objects.giving_access(renewed.known_until).exists() is gives_access  # type: ignore[arg-type]

    def test_end_on_their_day(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert subscription.current_period_end_at is not None
        until = int(subscription.current_period_end_at.timestamp()) + 5 * DAY
        paused = pause_payments(local_stripe, subscription, "void", resumes_at=until)
        assert f"It is paused until {day(paused.pause_resumes_at)}: nothing is charged, and you keep access until" in (
            words(card(customer_client))
        )
        assert not renew(local_stripe, paused).gives_access
        local_stripe.control("clock", to=until + 60)
        sync_now()
        after = Subscription.objects.get()
        assert (after.gives_access, after.pause_behavior, after.is_period_paused) == (True, "", False)
        assert f"Renews on {day(after.current_period_end_at)}." in words(card(customer_client))
        assert StatusChange.objects.latest("recorded_at").words == "Payments go on"

    def test_allow_no_change_of_plan(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        pause_payments(local_stripe, subscription, "keep_as_draft")
        local_stripe.forget_calls()
        answer = customer_client.get(path_to(subscription, team))
        assert (answer.status_code, b"payments of your subscription are paused" in answer.content) == (400, True)
        page = customer_client.get(f"/subscriptions/{subscription.pk}/change/").content.decode()
        assert "payments of your subscription are paused" in page
        assert local_stripe.calls == []

    def test_by_json_and_in_the_admin(
        self,
        customer_client: Client,
        client: Client,
        staff: Any,
        subscription: Subscription,
        local_stripe: LocalStripe,
    ) -> None:
        pause_payments(local_stripe, subscription, "void")
        [found] = customer_client.get("/api/me").json()["subscriptions"]
        assert (found["status"], found["payments_paused"], found["next_charge_at"]) == ("active", "void", None)
        assert (found["can_change"], found["can_resume"]) == (False, False)
        cancelled = customer_client.post(
            "/api/cancel",
            {"subscription_id": subscription.pk, "at_period_end": True},
            content_type="application/json",
        )
        assert (cancelled.status_code, cancelled.json()["cancel_at_period_end"]) == (200, True)
        customer_client.force_login(staff)
        page = customer_client.get(f"/admin/subscriptions/subscription/{subscription.pk}/change/").content.decode()
        assert "What its owner reads" in page


class TestPaused:
    @pytest.fixture
    def after_trial(
        self, customer: Customer, price: Price, local_stripe: LocalStripe, paid_session: Any
    ) -> Subscription:
        """A trial of Pro that ended without a card."""
        local_stripe.api.subscriptions.cancel(local_stripe.api.subscriptions.list().data[0].id)
        for method in local_stripe.api.payment_methods.list({"customer": customer.pk}).data:
            local_stripe.api.payment_methods.detach(method.id)
        made = local_stripe.api.subscriptions.create(
            {
                "customer": customer.pk,
                "items": [{"price": price.pk}],
                "trial_period_days": 3,
                "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
            }
        )
        local_stripe.control("clock", advance=4 * DAY)
        settle()
        Subscription.objects.exclude(pk=made.id).delete()
        return Subscription.objects.get()

    def give_card(self, local_stripe: LocalStripe, subscription: Subscription, card_id: str) -> None:
        customer_id = str(subscription.customer_id)
        method = local_stripe.api.payment_methods.attach(card_id, {"customer": customer_id})
        settings: Any = {"invoice_settings": {"default_payment_method": method.id}}
        local_stripe.api.customers.update(customer_id, settings)

    def test_after_a_trial_asks_for_a_card(self, customer_client: Client, after_trial: Subscription) -> None:
        assert after_trial.paused_because == "trial_end_without_payment_method"
        assert "Your free trial is over, and there was no card on file." in words(card(customer_client))
        assert labels(customer_client) == ["Add a card", "Start again Pro", "Cancel Pro"]

    def test_without_a_card_stays_paused_and_says_so(self, customer_client: Client, after_trial: Subscription) -> None:
        answer = customer_client.post(f"/subscriptions/{after_trial.pk}/resume/")
        assert (answer.status_code, b"There is no card on file" in answer.content) == (400, True)
        assert Subscription.objects.get().status == "paused"

    @pytest.mark.parametrize(
        ("card_id", "told"),
        [
            ("pm_card_chargeCustomerFail", b"The payment failed, so your subscription is still paused."),
            ("pm_card_authenticationRequired", b"Your bank wants you to confirm the payment"),
        ],
    )
    def test_with_a_card_that_does_not_pay_leads_to_the_invoice(
        self, customer_client: Client, after_trial: Subscription, local_stripe: LocalStripe, card_id: str, told: bytes
    ) -> None:
        self.give_card(local_stripe, after_trial, card_id)
        answer = customer_client.post(f"/subscriptions/{after_trial.pk}/resume/")
        assert (answer.status_code, told in answer.content) == (400, True)
        assert Subscription.objects.get().status == "paused"
        invoice = Invoice.objects.get(pk=Subscription.objects.get().latest_invoice_id)
        assert invoice.hosted_invoice_url in answer.content.decode()
        assert "Please pay the open invoice; then it continues." in words(card(customer_client))
        assert labels(customer_client) == ["Pay $19.00 now for Pro", "Change card", "Cancel Pro"]

    def test_with_a_good_card_starts_again(
        self, customer_client: Client, after_trial: Subscription, local_stripe: LocalStripe
    ) -> None:
        self.give_card(local_stripe, after_trial, "pm_card_visa")
        assert customer_client.post(f"/subscriptions/{after_trial.pk}/resume/").status_code == 302
        after = Subscription.objects.get()
        assert (after.status, after.paused_because, after.gives_access) == ("active", "", True)
        assert StatusChange.objects.latest("recorded_at").words == "Goes on after a pause"

    def test_by_request_can_start_again_at_any_time(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.pause(subscription.pk)  # type: ignore[call-arg]
        sync_now()
        assert Subscription.objects.get().paused_because == "pause_requested"
        assert "You can start it again at any time: a new period then begins" in words(card(customer_client))
        assert labels(customer_client) == ["Start again Pro", "Cancel Pro"]
        assert customer_client.post(f"/subscriptions/{subscription.pk}/resume/").status_code == 302
        assert Subscription.objects.get().status == "active"

    def test_by_a_schedule_is_told_before_and_during_it(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert subscription.current_period_end_at is not None
        pauses_at = int(subscription.current_period_end_at.timestamp()) - DAY
        schedule = local_stripe.api.subscription_schedules.create({"from_subscription": subscription.pk})
        planned: Any = {
            "pause_schedules": [
                {
                    "pause": {"pause_at": {"type": "timestamp", "timestamp": pauses_at}},
                    "resume": {"resume_at": {"type": "timestamp", "timestamp": pauses_at + 40 * DAY}},
                }
            ]
        }
        local_stripe.api.subscription_schedules.update(schedule.id, planned)
        sync_now()
        planned_pause = Subscription.objects.get()
        assert planned_pause.next_charge_at is None
        pauses, resumes = day(planned_pause.pauses_at), day(planned_pause.pause_ends_at)
        told = words(card(customer_client))
        assert f"It pauses on {pauses} and starts again on {resumes}; meanwhile nothing is charged" in told
        assert "Renews on" not in told
        local_stripe.control("clock", to=pauses_at + 60)
        sync_now()
        assert Subscription.objects.get().status == "paused"
        assert f"It starts again on {resumes}, or earlier if you like" in words(card(customer_client))
        assert labels(customer_client) == ["Start again Pro", "Cancel Pro"]

    def test_after_failed_payments_asks_to_pay(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("dunning", after_first_attempt="pause")
        self.give_card(local_stripe, subscription, "pm_card_chargeCustomerFail")
        local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": ""})
        paused = renew(local_stripe, subscription)
        assert (paused.status, paused.paused_because) == ("paused", "first_payment_failure")
        assert StatusChange.objects.latest("recorded_at").words == "Paused: a payment failed"
        assert "It is paused because a payment failed. You have no access. Please pay the open invoice;" in words(
            card(customer_client)
        )
        assert labels(customer_client) == ["Pay $19.00 now for Pro", "Change card", "Cancel Pro"]

    def test_cancelled_and_resumed_is_still_paused(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.pause(subscription.pk)
        sync_now()
        customer_client.post(f"/subscriptions/{subscription.pk}/cancel/", {"when": "period_end"})
        assert Subscription.objects.get().cancels_at == subscription.current_period_end_at
        local_stripe.forget_calls()
        answer = customer_client.post(f"/subscriptions/{subscription.pk}/resume/", follow=True)
        assert "no longer cancelled. It is still paused." in words(answer.content.decode())
        assert Subscription.objects.get().status == "paused"
        assert local_stripe.calls == [f"POST /v1/subscriptions/{subscription.pk}"]

    @pytest.mark.parametrize("at_period_end", [True, False])
    def test_without_a_period_left_is_cancelled_at_once(
        self,
        customer_client: Client,
        after_trial: Subscription,
        at_period_end: bool,  # noqa: FBT001
    ) -> None:
        page = customer_client.get(f"/subscriptions/{after_trial.pk}/cancel/").content.decode()
        assert "There is no paid period left, so it ends at once." in words(page)
        answer = customer_client.post(
            "/api/cancel",
            {"subscription_id": after_trial.pk, "at_period_end": at_period_end},
            content_type="application/json",
        )
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
