"""Each state of a subscription has its own words and its own next step on the account page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Price, Product
from subscriptions.models import Customer, Subscription
from tests.case_ids import case_id
from tests.subscriptions import reading
from tests.subscriptions.reading import Step
from tests.subscriptions.rows import JUNE, LONG_AGO, MAY, bill, subscribe
from tests.subscriptions.views.account_page import (
    ADD_CARD,
    ADD_OR_CHANGE_CARD,
    BUY_AGAIN,
    CANCEL,
    CHANGE,
    CHANGE_CARD,
    COMPLETE,
    ENDING,
    INVOICES,
    LATE_MAY,
    PAUSED_UNTIL_JUNE,
    PAUSED_WITHOUT_ACCESS,
    PAY,
    RESUME,
    START_AGAIN,
    card,
)

pytestmark = pytest.mark.django_db

# Within the period that ends in May.
APRIL = MAY - timedelta(days=13)


@dataclass(frozen=True)
class State:
    """A subscription's columns, what its card says, and what can be done from there."""

    status: str
    columns: dict[str, Any]
    words: str
    steps: list[Step]


STATES = [
    State("active", {}, "Renews on 3 May 2099.", [CHANGE, CANCEL]),
    State("active", ENDING, "Cancelled. You keep access until 3 May 2099.", [RESUME]),
    State(
        "active",
        {"cancel_at": JUNE},
        "It ends on 3 June 2099. Until then it renews; the next payment is on 3 May 2099.",
        [CHANGE, RESUME, CANCEL],
    ),
    State(
        "active",
        {"cancel_at": LATE_MAY, "collection_method": "send_invoice"},
        "It ends on 23 May 2099. Until then it renews; the next invoice comes on 3 May 2099, for a shorter time, "
        "so less is invoiced.",
        [PAY, CHANGE, RESUME, CANCEL],
    ),
    State("active", {"pause_behavior": "void", "pause_resumes_at": JUNE}, PAUSED_UNTIL_JUNE, [CANCEL]),
    State(
        "active",
        {"pause_behavior": "void", "pause_resumes_at": APRIL},
        "Your payments are paused until 20 April 2099. You keep access, and nothing is charged for that time. "
        "The next payment is on 3 May 2099.",
        [CANCEL],
    ),
    State(
        "active",
        {"pause_behavior": "void", "pause_resumes_at": APRIL, "collection_method": "send_invoice"},
        "Your payments are paused until 20 April 2099. You keep access, and nothing is charged for that time. "
        "The next invoice comes on 3 May 2099.",
        [PAY, CANCEL],
    ),
    State("active", {"pause_behavior": "void", "is_period_paused": True}, PAUSED_WITHOUT_ACCESS, [CANCEL]),
    State(
        "active",
        {"pause_behavior": "keep_as_draft", "pause_resumes_at": LONG_AGO},
        "Renews on 3 May 2099.",
        [CHANGE, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY},
        "Free until 3 May 2099, then $19.00 per month. It continues if there is a card on file by then.",
        [ADD_OR_CHANGE_CARD, CHANGE, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "trial_without_card": "create_invoice"},
        "Free until 3 May 2099, then $19.00 per month. "
        "If there is no card on file by then, you get an invoice to pay.",
        [ADD_OR_CHANGE_CARD, CHANGE, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "cancel_at": LATE_MAY},
        "Free until 3 May 2099, then $19.00 per month, until 23 May 2099: for this shorter time less is charged. "
        "It continues if there is a card on file by then. It ends on 23 May 2099.",
        [ADD_OR_CHANGE_CARD, CHANGE, RESUME, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "cancel_at": JUNE},
        "Free until 3 May 2099, then $19.00 per month. "
        "It continues if there is a card on file by then. It ends on 3 June 2099.",
        [ADD_OR_CHANGE_CARD, CHANGE, RESUME, CANCEL],
    ),
    State(
        "active",
        {"cancel_at": LATE_MAY},
        "It ends on 23 May 2099. Until then it renews; the next payment is on 3 May 2099, for a shorter time, "
        "so less is charged.",
        [CHANGE, RESUME, CANCEL],
    ),
    State("trialing", {"trial_end_at": MAY, **ENDING}, "Cancelled. You keep access until 3 May 2099.", [RESUME]),
    State(
        "incomplete",
        {},
        "The first payment has not gone through yet; your bank may want you to confirm it. "
        "If it is not paid within a day, the order expires.",
        [COMPLETE, CANCEL],
    ),
    State(
        "past_due",
        {"past_due_since_at": LONG_AGO},
        "The last payment failed. You have no access until it is paid.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "past_due",
        {"past_due_since_at": LONG_AGO, **ENDING},
        "The last payment failed. You have no access until it is paid. It is set to end on 3 May 2099.",
        [PAY, CHANGE_CARD, RESUME],
    ),
    State(
        "past_due",
        {"past_due_since_at": JUNE, **ENDING},
        "The last payment failed. You keep access until 3 May 2099. It is set to end on 3 May 2099.",
        [PAY, CHANGE_CARD, RESUME],
    ),
    State(
        "past_due",
        {"past_due_since_at": JUNE},
        "The last payment failed. You keep access until 10 June 2099.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "unpaid",
        {},
        "The last payment failed, and Stripe has stopped trying. You have no access until the open invoice is paid.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "paused",
        {},
        "While it is paused, nothing is charged and you have no access. To start it again, please add a card.",
        [ADD_CARD, START_AGAIN, CANCEL],
    ),
    State(
        "paused",
        {"paused_because": "trial_end_without_payment_method"},
        "Your free trial is over, and there was no card on file. Nothing is charged, and you have no access. "
        "To start it again, please add a card.",
        [ADD_CARD, START_AGAIN, CANCEL],
    ),
    State(
        "paused",
        {"paused_because": "pause_requested", "paused_at": JUNE},
        "While it is paused, nothing is charged and you have no access. "
        "You can start it again at any time: a new period then begins and is charged at once.",
        [START_AGAIN, CANCEL],
    ),
    State(
        "paused",
        {"paused_because": "pause_requested", "paused_at": LONG_AGO},
        "While it is paused, nothing is charged and you have no access. "
        "Please pay the open invoice; then it continues.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "paused",
        {"paused_because": "final_payment_failure"},
        "It is paused because a payment failed. You have no access. "
        "Please pay the open invoice; if it does not continue by itself then, please start it again.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "past_due",
        {"past_due_since_at": JUNE, "pause_behavior": "void", "pause_resumes_at": JUNE},
        "The last payment failed. You keep access until 10 June 2099. "
        "Your payments are paused until 3 June 2099. Nothing more is charged for that time.",
        [PAY, CHANGE_CARD, CANCEL],
    ),
    State(
        "past_due",
        {"past_due_since_at": LONG_AGO, "collection_method": "send_invoice"},
        "The invoice of 3 May 2099 is overdue. You have no access until it is paid.",
        [PAY, CANCEL],
    ),
    State(
        "unpaid",
        {"collection_method": "send_invoice"},
        "The last invoice was not paid in time. You have no access until the open invoice is paid.",
        [PAY, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "collection_method": "send_invoice"},
        "Free until 3 May 2099, then $19.00 per month. You then get an invoice to pay.",
        [CHANGE, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "pause_behavior": "void"},
        "Free until 3 May 2099. It is paused: nothing is charged, and you keep access until 3 May 2099. "
        "Please contact us to start payments again.",
        [ADD_OR_CHANGE_CARD, CANCEL],
    ),
    State(
        "trialing",
        {"trial_end_at": MAY, "pause_behavior": "void", "collection_method": "send_invoice"},
        "Free until 3 May 2099. It is paused: nothing is charged, and you keep access until 3 May 2099. "
        "Please contact us to start payments again.",
        [CANCEL],
    ),
    State("paused", ENDING, "Cancelled. It ends on 3 May 2099.", [RESUME]),
    State("canceled", {"ended_at": MAY}, "Ended on 3 May 2099.", [BUY_AGAIN]),
    State("canceled", {}, "It has ended.", [BUY_AGAIN]),
    State("incomplete_expired", {}, "The first payment did not go through in time, so it never started.", [BUY_AGAIN]),
    State("a_status_of_next_year", {}, "It gives no access.", [CANCEL]),
]


class TestStates:
    @pytest.mark.parametrize("state", STATES, ids=lambda state: f"{state.status}, {case_id(state.columns)}")
    def test_have_their_own_words_and_next_steps(
        self, customer_client: Client, customer: Customer, price: Price, state: State
    ) -> None:
        subscription = subscribe(customer, price, state.status, latest_invoice=bill(customer), **state.columns)
        shown = card(customer_client)
        standing, _, _ = shown.partition('<div class="actions">')
        assert reading.words(standing) == f"Pro {subscription.standing_label} $19.00 per month {state.words}"
        assert reading.steps(shown) == state.steps

    def test_of_every_status_are_tested(self) -> None:
        assert {state.status for state in STATES} > set(Subscription.Status.values)

    @pytest.mark.parametrize("status", ["incomplete", "past_due", "unpaid"])
    @pytest.mark.parametrize(
        "columns", [{"status": "draft"}, {"status": "paid", "amount_remaining": 0}, {"hosted_invoice_url": ""}]
    )
    def test_without_a_page_to_pay_on_lead_to_the_invoices(
        self, customer_client: Client, customer: Customer, price: Price, status: str, columns: dict[str, Any]
    ) -> None:
        subscribe(customer, price, status, latest_invoice=bill(customer, **columns))
        assert reading.steps(card(customer_client))[0] == INVOICES

    def test_whose_invoice_is_not_here_yet(self, customer_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, "past_due", latest_invoice_id="in_of_tomorrow")
        assert reading.steps(card(customer_client)) == [INVOICES, CHANGE_CARD, CANCEL]

    def test_tell_when_stripe_tries_again(self, customer_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, "past_due", latest_invoice=bill(customer, next_payment_attempt_at=JUNE))
        assert "Stripe tries again on 3 June 2099." in reading.words(card(customer_client))

    @pytest.mark.parametrize("hold", ["open", "lost"])
    def test_without_access_because_of_a_dispute_say_so_once_and_when_they_renew(
        self, customer_client: Client, customer: Customer, price: Price, hold: str
    ) -> None:
        subscribe(customer, price, dispute_hold=hold)
        standing = reading.words(card(customer_client))
        assert "Renews on 3 May 2099." in standing
        assert "It gives no access." not in standing

    @pytest.mark.parametrize("columns", [{}, {"collection_method": "send_invoice"}])
    @pytest.mark.parametrize(
        ("status", "since", "said"),
        [
            (
                "past_due",
                LONG_AGO,
                " now. You have no access until the next invoice is paid.",
            ),
            (
                "past_due",
                JUNE,
                " now. You keep access until 10 June 2099.",
            ),
            (
                "unpaid",
                LONG_AGO,
                ". You have no access: please cancel it and choose a plan again.",
            ),
        ],
    )
    @pytest.mark.parametrize(("closed", "how"), [("void", "cancelled"), ("uncollectible", "written off")])
    def test_whose_invoice_was_closed_ask_for_no_payment(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        status: str,
        since: datetime,
        said: str,
        columns: dict[str, Any],
        closed: str,
        how: str,
    ) -> None:
        invoice = bill(customer, status=closed, due_at=LONG_AGO)
        subscribe(customer, price, status, latest_invoice=invoice, past_due_since_at=since, **columns)
        standing = reading.words(card(customer_client))
        assert f"Its last invoice was {how}, so there is nothing to pay{said}" in standing
        assert "failed" not in standing
        assert "was due" not in standing

    def test_unpaid_for_more_than_a_period_are_to_be_bought_anew(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price, "unpaid", latest_invoice=bill(customer, status="draft", amount_remaining=1900))
        shown = card(customer_client)
        assert "no longer brings it back: please cancel it and choose a plan again." in reading.words(shown)
        assert "until the open invoice is paid" not in reading.words(shown)
        assert reading.steps(shown) == [INVOICES, CHANGE_CARD, CANCEL]

    @pytest.mark.parametrize(
        ("status", "is_quiet"), [("canceled", True), ("incomplete_expired", True), ("unpaid", False)]
    )
    def test_that_are_over_are_quiet(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        status: str,
        is_quiet: bool,  # noqa: FBT001
    ) -> None:
        subscribe(customer, price, status)
        assert ("card--quiet" in card(customer_client)) is is_quiet


class TestBadge:
    @pytest.mark.parametrize(
        ("status", "columns", "label"),
        [
            ("active", {}, "Active"),
            ("active", ENDING, "Ends 3 May 2099"),
            ("trialing", {"cancel_at": JUNE}, "Ends 3 June 2099"),
            ("active", {"pause_behavior": "void"}, "Paused"),
            ("active", {"pause_behavior": "mark_uncollectible"}, "Payments paused"),
            ("active", {"pause_behavior": "void", "pause_resumes_at": APRIL}, "Payments paused"),
            ("past_due", ENDING, "Payment overdue"),
            ("canceled", ENDING, "Cancelled"),
        ],
    )
    def test_says_how_it_stands(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        status: str,
        columns: dict[str, Any],
        label: str,
    ) -> None:
        subscribe(customer, price, status, **columns)
        assert reading.words(card(customer_client)).startswith(f"Pro {label} $19.00")


class TestGrace:
    def test_of_the_product_counts(self, customer_client: Client, customer: Customer, price: Price) -> None:
        Product.objects.filter(pk=price.product_id).update(grace_days=30)
        begun = timezone.now() - timedelta(days=20)
        subscribe(customer, price, "past_due", past_due_since_at=begun)
        until = begun + timedelta(days=30)
        assert f"You keep access until {until.day} {until:%B %Y}." in reading.words(card(customer_client))
