"""The account page and the list of invoices: changes that are scheduled, what was bought, what is to be paid."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from billing.models import Price, Product
from subscriptions.models import CheckoutSession, Customer, Payment, Subscription, SubscriptionSchedule
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.reading import Step
from tests.subscriptions.rows import JUNE, LONG_AGO, MAY, bill, subscribe
from tests.subscriptions.views.account_page import CALL_OFF, CANCEL, CHANGE, card

pytestmark = pytest.mark.django_db


class TestPendingChange:
    @pytest.fixture
    def schedule_row(self, price: Price) -> SubscriptionSchedule:
        team = Product.objects.create(pk="prod_team", name="Team")
        cheaper = Price.objects.create(pk="price_team", product=team, currency="usd", unit_amount=500)
        return SubscriptionSchedule.objects.create(
            pk="sub_sched_1", status="active", next_price=cheaper, next_quantity=1, next_at=MAY
        )

    def test_is_shown_and_can_be_called_off(
        self, customer_client: Client, customer: Customer, price: Price, schedule_row: SubscriptionSchedule
    ) -> None:
        subscribe(customer, price, schedule=schedule_row)
        shown = card(customer_client)
        assert "Changes to Team, $5.00 per month on 3 May 2099." in reading.words(shown)
        assert reading.steps(shown) == [CHANGE, CALL_OFF, CANCEL]

    def test_counts_seats(
        self, customer_client: Client, customer: Customer, price: Price, schedule_row: SubscriptionSchedule
    ) -> None:
        SubscriptionSchedule.objects.update(next_quantity=4)
        subscribe(customer, price, schedule=schedule_row)
        said = "Changes to Team, $20.00 per month, 4 \N{MULTIPLICATION SIGN} $5.00 on"
        assert said in reading.words(card(customer_client))

    def test_of_a_trial_takes_the_place_of_its_price(
        self, customer_client: Client, customer: Customer, price: Price, schedule_row: SubscriptionSchedule
    ) -> None:
        subscribe(customer, price, "trialing", trial_end_at=MAY, schedule=schedule_row)
        assert "Free until 3 May 2099. It continues" in reading.words(card(customer_client))

    @pytest.mark.parametrize("of", ["schedule", "subscription", "customer", "nothing"])
    def test_of_one_with_a_discount_is_told_before_it(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        schedule_row: SubscriptionSchedule,
        of: str,
    ) -> None:
        if of == "schedule":
            SubscriptionSchedule.objects.update(following=[{"at": int(MAY.timestamp()), "is_discounted": True}])
        if of == "customer":
            Customer.objects.update(discount={"id": "di_1", "coupon": "half", "end": None})
        ids = ["di_1"] if of == "subscription" else []
        subscribe(customer, price, schedule=schedule_row, discount_ids=ids)
        told = reading.words(card(customer_client))
        change = "Changes to Team, $5.00 per month on 3 May 2099."
        assert f"{change} That is the price before any discount." in told or of == "nothing"
        assert ("before any discount" in told) == (of != "nothing")

    def test_to_a_price_that_is_not_here(
        self, customer_client: Client, customer: Customer, price: Price, schedule_row: SubscriptionSchedule
    ) -> None:
        SubscriptionSchedule.objects.update(next_price=None)
        subscribe(customer, price, schedule=schedule_row)
        assert "Changes to another plan on 3 May 2099." in reading.words(card(customer_client))

    def test_is_over_with_its_schedule(
        self, customer_client: Client, customer: Customer, price: Price, schedule_row: SubscriptionSchedule
    ) -> None:
        SubscriptionSchedule.objects.update(status="released")
        subscribe(customer, price, schedule=schedule_row)
        shown = card(customer_client)
        assert "Changes to" not in reading.words(shown)
        assert CALL_OFF not in reading.steps(shown)


class TestCard:
    def test_that_run_come_before_those_that_are_over(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price, stripe_created_at=LONG_AGO)
        over = {"status": "canceled", "product": price.product, "items": [{}], "stripe_created_at": MAY}
        Subscription.objects.create(pk="sub_2", customer=customer, **over)
        page = reading.section(reading.shown(customer_client, "/account/"), "subscriptions")
        assert [reading.words(card)[:13] for card in reading.cards(page)] == ["Pro Active $1", "Pro Cancelled"]

    def test_counts_seats(self, customer_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, quantity=3)
        said = "Pro Active $57.00 per month, 3 \N{MULTIPLICATION SIGN} $19.00 Renews"
        assert said in reading.words(card(customer_client))

    def test_tells_of_further_items(self, customer_client: Client, customer: Customer, price: Price) -> None:
        item = {"id": "si_1", "price": price.pk, "product": price.product_id, "quantity": 1}
        subscribe(customer, price, items=[item] * 3)
        assert "and Pro, $19.00 per month and Pro, $19.00 per month Renews" in reading.words(card(customer_client))

    def test_of_what_is_no_longer_listed(self, customer_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price)
        Subscription.objects.update(price_id="price_gone", product_id="prod_gone")
        assert "A plan that is no longer listed Active Renews" in reading.words(card(customer_client))


class TestInvoicesOfAccount:
    def test_are_the_latest_five_without_drafts(self, customer_client: Client, customer: Customer) -> None:
        for number in range(7):
            bill(customer, f"in_{number}", stripe_created_at=MAY + timedelta(days=number))
        bill(customer, "in_draft", status="draft", stripe_created_at=JUNE)
        shown = reading.section(customer_client.get("/account/").content.decode(), "invoices")
        assert [step.label for step in reading.steps(shown)] == [
            label for number in (6, 5, 4, 3, 2) for label in (f"Pay NUMBER-in_{number}", f"PDF of NUMBER-in_{number}")
        ] + ["All invoices"]

    def test_without_any(self, customer_client: Client) -> None:
        shown = reading.section(customer_client.get("/account/").content.decode(), "invoices")
        assert reading.words(shown) == "Latest invoices There are no invoices yet."


class TestAccount:
    def test_shows_what_was_paid_a_moment_ago(
        self, customer_client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        for calls in ([f"GET /v1/checkout/sessions/{paid_session.stripe_id}"], []):
            local_stripe.forget_calls()
            assert "Renews on" in customer_client.get("/account/").content.decode()
            assert local_stripe.calls == calls

    def test_shows_what_is_known_if_stripe_is_away(
        self, customer_client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=20)
        response = customer_client.get("/account/")
        assert (response.status_code, len(local_stripe.calls)) == (200, 1)
        assert b"You have no subscriptions." in response.content

    def test_leads_to_the_portal_and_the_history(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price)
        steps = reading.steps(reading.main(customer_client.get("/account/").content.decode()))
        assert Step("Manage payment", "post", "/billing-portal/") in steps
        assert Step("History of your subscriptions", "get", "/account/history/") in steps

    def test_tells_that_a_purchase_no_longer_gives_access(self, customer_client: Client, customer: Customer) -> None:
        Payment.objects.create(customer=customer, amount=500, currency="usd", status="succeeded", access_ended_at=MAY)
        shown = reading.section(customer_client.get("/account/").content.decode(), "payments")
        assert "Access ended on 3 May 2099" in reading.words(shown)


class TestInvoicesThatWereSent:
    @pytest.mark.parametrize(
        ("status", "due", "said"),
        [
            ("active", [MAY], "Invoice NUMBER-in_0 is due on 3 May 2099."),
            ("active", [JUNE, MAY], "2 invoices are to be paid; the first, NUMBER-in_1, is due on 3 May 2099."),
            (
                "past_due",
                [LONG_AGO, MAY],
                "2 invoices are to be paid; the first, NUMBER-in_0, was due on 3 May 2020 and is not paid yet.",
            ),
            ("past_due", [LONG_AGO], "Invoice NUMBER-in_0 was due on 3 May 2020 and is not paid yet."),
        ],
    )
    def test_name_the_first_due_and_how_many_there_are(  # noqa: PLR0917  (fixtures)
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        status: str,
        due: list[datetime],
        said: str,
    ) -> None:
        sent = subscribe(customer, price, status, collection_method="send_invoice", past_due_since_at=JUNE)
        for number, due_at in enumerate(due):
            latest = bill(customer, f"in_{number}", subscription=sent, due_at=due_at)
        Subscription.objects.update(latest_invoice=latest)
        bill(customer, "in_paid", subscription=sent, due_at=LONG_AGO, status="paid", amount_remaining=0)
        assert said in reading.words(card(customer_client))

    @pytest.mark.parametrize("columns", [{}, {"cancel_at": JUNE}, {"pause_behavior": "keep_as_draft"}])
    def test_are_named_beside_an_end_and_a_pause(
        self, customer_client: Client, customer: Customer, price: Price, columns: dict[str, Any]
    ) -> None:
        sent = subscribe(customer, price, collection_method="send_invoice", **columns)
        Subscription.objects.update(latest_invoice=bill(customer, subscription=sent, due_at=MAY))
        assert "Invoice NUMBER-in_1 is due on 3 May 2099." in reading.words(card(customer_client))

    @pytest.mark.parametrize(
        ("due", "said"),
        [
            ([LONG_AGO], "is not paid yet. You have no access until it is paid."),
            ([LONG_AGO, MAY], "is not paid yet. You have no access until the newest, NUMBER-in_1, is paid."),
        ],
    )
    def test_say_which_one_brings_access_back(
        self, customer_client: Client, customer: Customer, price: Price, due: list[datetime], said: str
    ) -> None:
        sent = subscribe(customer, price, "past_due", collection_method="send_invoice", past_due_since_at=LONG_AGO)
        for number, due_at in enumerate(due):
            latest = bill(customer, f"in_{number}", subscription=sent, due_at=due_at)
        Subscription.objects.update(latest_invoice=latest)
        assert said in reading.words(card(customer_client))

    @pytest.mark.parametrize("status", ["active", "past_due", "unpaid"])
    def test_can_each_be_paid(self, customer_client: Client, customer: Customer, price: Price, status: str) -> None:
        sent = subscribe(customer, price, status, collection_method="send_invoice")
        bill(customer, "in_1", subscription=sent, due_at=MAY, amount_remaining=500)
        bill(customer, "in_2", subscription=sent, due_at=LONG_AGO, stripe_created_at=LONG_AGO)
        latest = bill(customer, "in_3", subscription=sent, due_at=JUNE, hosted_invoice_url="")
        Subscription.objects.update(latest_invoice=latest)
        assert reading.steps(card(customer_client))[:3] == [
            Step("Pay $19.00 now (NUMBER-in_2) for Pro", "get", "https://pay.example.com/in_2"),
            Step("Pay $5.00 now (NUMBER-in_1) for Pro", "get", "https://pay.example.com/in_1"),
            Step("See invoice NUMBER-in_3", "get", "/account/invoices/"),
        ]

    def test_take_one_query_for_all_subscriptions(
        self, customer_client: Client, customer: Customer, price: Price
    ) -> None:
        counts = []
        for number in range(3):
            sent = subscribe(customer, price, pk=f"sub_{number}", collection_method="send_invoice")
            bill(customer, f"in_{number}", subscription=sent, due_at=MAY)
            with CaptureQueriesContext(connection) as queries:
                assert customer_client.get("/account/").status_code == 200
            counts.append(len(queries))
        # The first one also reads Stripe's clock.
        assert counts[1] == counts[2] <= counts[0]
