"""Cancelling and resuming, over the pages, however the cancel was set."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from subscriptions.mirror import refresh
from subscriptions.models import StatusChange, Subscription
from subscriptions.plans import cancel
from tests.case_ids import case_id
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, sync_now

pytestmark = pytest.mark.django_db


def path(subscription: Subscription, page: str) -> str:
    return f"/subscriptions/{subscription.pk}/{page}/"


class TestCancel:
    def test_asks_first(self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe) -> None:
        local_stripe.forget_calls()
        assert customer_client.get(path(subscription, "cancel")).status_code == 200
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]
        assert Subscription.objects.get().cancels_at is None

    def test_keeps_access_until_the_period_ends(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        response = customer_client.post(path(subscription, "cancel"), {"when": "period_end"})
        assert (response.status_code, response["Location"]) == (302, "/account/")
        after = Subscription.objects.get()
        assert (after.gives_access, after.cancels_at) == (True, subscription.current_period_end_at)
        assert after.cancels_at is not None
        local_stripe.control("clock", to=int(after.cancels_at.timestamp()) + 60)
        sync_now()
        ended = Subscription.objects.get()
        assert (ended.status, ended.gives_access) == ("canceled", False)

    def test_the_reason_reaches_stripe(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_client.post(
            path(subscription, "cancel"), {"when": "period_end", "feedback": "too_expensive", "comment": "Sorry!"}
        )
        details = local_stripe.api.subscriptions.retrieve(subscription.pk).cancellation_details
        assert details is not None
        assert (details.feedback, details.comment) == ("too_expensive", "Sorry!")

    def test_twice_is_once(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_client.post(path(subscription, "cancel"), {"when": "period_end"})
        local_stripe.forget_calls()
        assert customer_client.post(path(subscription, "cancel"), {"when": "period_end"}).status_code == 302
        assert local_stripe.calls == [f"GET /v1/subscriptions/{subscription.pk}"]
        assert StatusChange.objects.filter(cause_kind="person").count() == 1

    def test_brings_a_later_end_forward(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert subscription.current_period_end_at is not None
        in_a_year = int(subscription.current_period_end_at.timestamp()) + 365 * DAY
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at": in_a_year})
        sync_now()
        customer_client.post(path(subscription, "cancel"), {"when": "period_end"})
        assert Subscription.objects.get().cancels_at == subscription.current_period_end_at

    def test_of_one_resumed_elsewhere_meanwhile(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_client.post(path(subscription, "cancel"), {"when": "period_end"})
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": False})
        customer_client.post(path(subscription, "cancel"), {"when": "period_end"})
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).cancel_at_period_end
        assert Subscription.objects.get().cancels_at == subscription.current_period_end_at

    @pytest.mark.parametrize(
        "known",
        [{"status": "incomplete"}, {"status": "paused", "current_period_end_at": datetime(2020, 5, 3, tzinfo=UTC)}],
        ids=case_id,
    )
    def test_of_one_paid_elsewhere_meanwhile_keeps_the_paid_period(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe, known: dict[str, Any]
    ) -> None:
        Subscription.objects.update(**known)
        assert customer_client.post(path(subscription, "cancel"), {"when": "period_end"}).status_code == 302
        after = Subscription.objects.get()
        assert (after.status, after.cancel_at_period_end, after.gives_access) == ("active", True, True)
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).cancel_at_period_end

    def test_what_is_unpaid_for_more_than_a_period_ends_at_once(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_id = str(subscription.customer_id)
        local_stripe.control("dunning", after_last_attempt="unpaid")
        for method in local_stripe.api.payment_methods.list({"customer": customer_id}).data:
            local_stripe.api.payment_methods.detach(method.id)
        local_stripe.control("clock", advance=70 * DAY)
        sync_now()
        assert Subscription.objects.get().status == "unpaid"
        page = customer_client.get(path(subscription, "cancel"))
        assert b"There is no paid period left, so it ends at once." in page.content
        assert customer_client.post(path(subscription, "cancel"), {"when": "period_end"}).status_code == 302
        assert Subscription.objects.get().has_ended

    @pytest.mark.parametrize(
        "typed", [{}, {"when": "never"}, {"when": "now", "feedback": "because"}, {"when": "now", "comment": "x" * 501}]
    )
    def test_bad_input_shows_the_form_again(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe, typed: dict[str, str]
    ) -> None:
        local_stripe.forget_calls()
        assert customer_client.post(path(subscription, "cancel"), typed).status_code == 400
        # The form says what an end now would bill.
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]

    def test_stripe_down_keeps_what_was_typed_for_another_try(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=3)
        response = customer_client.post(path(subscription, "cancel"), {"when": "now", "comment": "Sorry!"})
        assert response.status_code == 503
        assert ("when", "now") in response.context["retry"]["fields"]
        assert ("comment", "Sorry!") in response.context["retry"]["fields"]
        assert Subscription.objects.get().status == "active"


class TestCancelNow:
    def test_ends_access_at_once(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        response = customer_client.post(path(subscription, "cancel"), {"when": "now"})
        assert response.status_code == 302
        after = Subscription.objects.get()
        assert (after.status, after.gives_access, after.ended_at is None) == ("canceled", False, False)

    def test_invoices_what_an_upgrade_still_owes(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        """Stripe drops pending prorations of a cancelled subscription unless it is asked to bill them."""
        item = subscription.items[0]["id"]
        local_stripe.api.subscriptions.update(subscription.pk, {"items": [{"id": item, "quantity": 2}]})
        sync_now()
        before = len(local_stripe.api.invoices.list().data)
        customer_client.post(path(subscription, "cancel"), {"when": "now"})
        invoices = local_stripe.api.invoices.list().data
        assert len(invoices) == before + 1
        assert invoices[0].total > 0

    def test_a_lost_answer_is_no_error(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="reset", count=1, after=True)
        response = customer_client.post(path(subscription, "cancel"), {"when": "now"})
        assert response.status_code == 302
        assert Subscription.objects.get().status == "canceled"

    def test_of_an_ended_one_is_explained(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_client.post(path(subscription, "cancel"), {"when": "now"})
        local_stripe.forget_calls()
        response = customer_client.post(path(subscription, "cancel"), {"when": "now"})
        assert response.status_code == 400
        assert b"already ended" in response.content
        assert local_stripe.calls == []


class TestResume:
    @pytest.mark.parametrize("cancelled", [{"cancel_at_period_end": True}, {"cancel_at": "min_period_end"}])
    def test_undoes_a_cancel_however_it_was_set(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe, cancelled: dict[str, Any]
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, cancelled)  # type: ignore[arg-type]
        sync_now()
        assert Subscription.objects.get().cancels_at is not None
        assert customer_client.post(path(subscription, "resume"))["Location"] == "/account/"
        assert Subscription.objects.get().cancels_at is None
        theirs = local_stripe.api.subscriptions.retrieve(subscription.pk)
        assert (theirs.cancel_at_period_end, theirs.cancel_at) == (False, None)

    def test_twice_says_that_there_is_nothing_to_undo(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        response = customer_client.post(path(subscription, "resume"))
        assert (response.status_code, b"not set to end" in response.content) == (400, True)
        assert local_stripe.calls == []

    def test_what_has_ended_meanwhile_is_explained(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        sync_now()
        local_stripe.api.subscriptions.cancel(subscription.pk)
        response = customer_client.post(path(subscription, "resume"))
        assert (response.status_code, b"has ended" in response.content) == (400, True)
        assert Subscription.objects.get().status == "canceled"

    def test_of_a_paused_one_without_a_card_says_that_the_payment_failed(
        self, customer_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_id = str(subscription.customer_id)
        paused = local_stripe.api.subscriptions.create(
            {
                "customer": customer_id,
                "items": [{"price": str(subscription.price_id)}],
                "trial_period_days": 1,
                "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}},
            }
        )
        for method in local_stripe.api.payment_methods.list({"customer": customer_id}).data:
            local_stripe.api.payment_methods.detach(method.id)
        local_stripe.control("clock", advance=2 * 86_400)
        sync_now()
        page = customer_client.post(f"/subscriptions/{paused.id}/resume/")
        assert Subscription.objects.get(pk=paused.id).status == "paused"
        assert (page.status_code, b"still paused" in page.content) == (400, True)

    def test_wrong_method(self, customer_client: Client, subscription: Subscription) -> None:
        assert customer_client.get(path(subscription, "resume")).status_code == 405


class TestReason:
    def test_sends_what_stripe_knows(self) -> None:
        assert cancel.Reason("unused", "").details == {"feedback": "unused"}
        assert cancel.Reason("made up", "x" * 900).details == {"comment": "x" * cancel.MAX_COMMENT}


class TestRefreshed:
    def test_finds_what_the_dashboard_did(
        self, subscription: Subscription, person: User, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        after = refresh.fetch(subscription)
        assert after.cancel_at_period_end
