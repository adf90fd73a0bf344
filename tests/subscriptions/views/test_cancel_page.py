"""The page to cancel: what each way to end means, before the click."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import CheckoutSession, Customer, Subscription, SubscriptionSchedule
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.conftest import settle
from tests.subscriptions.reading import Step, shown
from tests.subscriptions.rows import JUNE, LONG_AGO, MAY, bill
from tests.subscriptions.views.account_page import card
from tests.wording import starting

pytestmark = pytest.mark.django_db

# Its grace of a week ends before the period that ends in May.
APRIL = datetime(2099, 4, 20, 12, tzinfo=UTC)

CANCEL = "/subscriptions/sub_1/cancel/"
KEEP = "You keep access until 3 May 2099. It does not renew, and until then you can change your mind."
EARLIER = f"{KEEP.partition(',')[0]} and ends then, not on 3 June 2099, and until then you can change your mind."
ENDS = "It ends on 3 May 2099 and does not renew."


class TestCancel:
    @pytest.mark.parametrize(
        ("status", "columns", "meaning"),
        [
            ("active", {}, KEEP),
            (
                "active",
                {"cancel_at": JUNE},
                EARLIER,
            ),
            ("paused", {"current_period_end_at": LONG_AGO}, "There is no paid period left, so it ends at once."),
            ("paused", {}, ENDS),
            ("past_due", {}, f"{ENDS} You have no access until the open invoice is paid."),
            ("past_due", {"past_due_since_at": JUNE}, f"{ENDS} You keep access until then."),
            (
                "past_due",
                {"past_due_since_at": APRIL},
                f"{ENDS} Unless the open invoice is paid, access ends on 27 April 2099.",
            ),
        ],
    )
    def test_says_what_each_end_means(
        self,
        customer_client: Client,
        subscription_row: Subscription,
        status: str,
        columns: dict[str, Any],
        meaning: str,
    ) -> None:
        Subscription.objects.update(status=status, **columns)
        assert reading.words(shown(customer_client, CANCEL)) == starting(
            f"Back to your account Cancel Pro When should it end? At the end of the paid period {meaning} "
            "Now Access ends at once. Nothing is refunded, and nothing more is charged. Why are you leaving?"
        )

    @pytest.mark.parametrize(
        ("awaits", "said"),
        [
            ("", ""),
            ("failed", ""),
            ("voucher", " If you have paid the voucher already, please keep the order until the payment has arrived."),
            ("transfer", " If you have made the transfer already, please keep the order until it has arrived."),
        ],
    )
    def test_of_an_order_that_is_not_paid_asks_no_time(
        self, customer_client: Client, subscription_row: Subscription, awaits: str, said: str
    ) -> None:
        Subscription.objects.update(status="incomplete")
        CheckoutSession.objects.create(subscription=subscription_row, awaits=awaits, claimed_at=LONG_AGO)
        assert Step("Cancel Pro", "get", CANCEL) in reading.steps(card(customer_client))
        page = shown(customer_client, CANCEL)
        assert reading.words(page) == starting(
            "Back to your account Cancel Pro It is not paid yet: the order is cancelled, and nothing is "
            f"charged.{said} Why are you leaving?"
        )
        assert reading.steps(page)[1].label == "Cancel the order"
        assert ("when", "now") in reading.fields(page)

    def test_is_not_offered_while_the_bank_sends_the_payment(
        self, customer_client: Client, subscription_row: Subscription
    ) -> None:
        Subscription.objects.update(status="incomplete")
        CheckoutSession.objects.create(subscription=subscription_row, awaits="debit", claimed_at=LONG_AGO)
        assert reading.steps(card(customer_client)) == []

    def test_of_an_order_says_that_nothing_was_charged(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        items: Any = [{"price": price.pk}]
        made = local_stripe.api.subscriptions.create(
            {"customer": customer.pk, "items": items, "payment_behavior": "default_incomplete"}
        )
        settle()
        path = f"/subscriptions/{made.id}/cancel/"
        answer = customer_client.post(path, reading.forms(shown(customer_client, path))[0], follow=True)
        assert "Your order is cancelled, and nothing is charged." in reading.words(answer.content.decode())
        assert local_stripe.api.subscriptions.retrieve(made.id).status == "canceled"

    @pytest.mark.parametrize(
        ("since", "said"),
        [
            (JUNE, f"{ENDS} You keep access until then."),
            (APRIL, f"{ENDS} You keep access until 27 April 2099."),
            (LONG_AGO, f"{ENDS} You have no access."),
        ],
    )
    @pytest.mark.parametrize("closed", ["void", "uncollectible"])
    def test_does_not_speak_of_paying_a_closed_invoice(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        customer: Customer,
        subscription_row: Subscription,
        since: datetime,
        said: str,
        closed: str,
    ) -> None:
        invoice = bill(customer, status=closed)
        Subscription.objects.update(status="past_due", past_due_since_at=since, latest_invoice=invoice)
        page = reading.words(shown(customer_client, CANCEL))
        assert f"At the end of the paid period {said} Now" in page

    def test_of_a_trial_says_that_the_trial_is_free(
        self, customer_client: Client, subscription_row: Subscription
    ) -> None:
        Subscription.objects.update(status="trialing")
        page = reading.words(shown(customer_client, CANCEL))
        assert f"At the end of the free trial {KEEP} Now" in page
        assert "paid" not in page

    def test_of_several_open_invoices_names_the_one_that_brings_access_back(
        self, customer_client: Client, customer: Customer, subscription_row: Subscription
    ) -> None:
        for pk in ("in_1", "in_2"):
            latest = bill(customer, pk, subscription=subscription_row)
        Subscription.objects.update(status="past_due", past_due_since_at=LONG_AGO, latest_invoice=latest)
        page = reading.words(shown(customer_client, CANCEL))
        assert f"{ENDS} You have no access until the newest open invoice is paid." in page

    def test_of_one_that_ends_already_offers_to_resume_it(
        self, customer_client: Client, subscription_row: Subscription
    ) -> None:
        Subscription.objects.update(cancel_at=MAY)
        page = shown(customer_client, CANCEL)
        assert reading.words(page) == starting(
            "Back to your account Cancel Pro It is set to end on 3 May 2099. Have you changed your mind? Resume Pro "
            "When should it end? At the end of the paid period It is set to end on 3 May 2099 already."
        )
        assert reading.Step("Resume Pro", "post", "/subscriptions/sub_1/resume/") in reading.steps(page)

    def test_asks_stripe_once_what_is_not_billed_yet(
        self, customer_client: Client, subscription_row: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        shown(customer_client, CANCEL)
        assert local_stripe.calls == ["POST /v1/invoices/create_preview"]

    def test_begins_with_the_end_of_the_period(self, customer_client: Client, subscription_row: Subscription) -> None:
        page = shown(customer_client, CANCEL)
        assert re.findall(r'<input[^>]*value="(\w+)"[^>]*checked', page) == ["period_end"]
        assert '<label for="id_when_0">At the end of the paid period</label>' in page

    def test_calls_off_a_waiting_change(self, customer_client: Client, subscription_row: Subscription) -> None:
        SubscriptionSchedule.objects.create(pk="sub_sched_1", status="active", next_at=MAY)
        Subscription.objects.update(schedule_id="sub_sched_1")
        assert "Your scheduled change of plan will not happen. Now" in reading.words(shown(customer_client, CANCEL))

    @pytest.mark.parametrize(
        ("status", "columns", "words"),
        [
            ("canceled", {"ended_at": MAY}, "This subscription has already ended, on 3 May 2099."),
            ("incomplete_expired", {}, "This subscription has already ended. Nothing more is charged."),
        ],
    )
    def test_of_what_has_ended_has_no_form(
        self, customer_client: Client, subscription_row: Subscription, status: str, columns: dict[str, Any], words: str
    ) -> None:
        Subscription.objects.update(status=status, **columns)
        page = shown(customer_client, CANCEL)
        assert words in reading.words(page)
        assert reading.forms(page) == []

    def test_marks_what_is_wrong(self, customer_client: Client, subscription_row: Subscription) -> None:
        response = customer_client.post(CANCEL, {"when": "yesterday", "comment": "x" * 501})
        page = reading.main(response.content.decode())
        assert response.status_code == 400
        assert "Please correct the marked fields. Nothing was cancelled." in reading.words(page)
        assert page.count("field--invalid") == 2
        assert "Select a valid choice." in reading.words(page)
