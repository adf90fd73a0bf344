"""The list of invoices: what was billed, what is to be paid, and what was given back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.customers import services as customers
from subscriptions.models import Customer, Refund
from tests import joins
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.rows import JUNE, LONG_AGO, bill, subscribe
from tests.wording import ending

pytestmark = pytest.mark.django_db


class TestInvoices:
    @pytest.mark.parametrize(
        ("columns", "words", "steps"),
        [
            ({}, "NUMBER-in_1 3 May 2099 $19.00 To be paid Pay NUMBER-in_1 PDF of NUMBER-in_1", ["Pay", "PDF"]),
            (
                {"status": "paid", "amount_remaining": 0},
                "NUMBER-in_1 3 May 2099 $19.00 Paid View NUMBER-in_1 PDF of NUMBER-in_1",
                ["View", "PDF"],
            ),
            (
                {"status": "void", "hosted_invoice_url": "", "invoice_pdf": "", "number": ""},
                "Invoice 3 May 2099 $19.00 Cancelled Nothing is to be paid on this invoice.",
                [],
            ),
        ],
    )
    def test_show_what_they_are(
        self, customer_client: Client, customer: Customer, columns: dict[str, Any], words: str, steps: list[str]
    ) -> None:
        bill(customer, **columns)
        shown = self.rows(customer_client)
        assert reading.words(shown) == words
        assert [step.label.split()[0] for step in reading.steps(shown)] == steps

    @pytest.mark.parametrize(
        ("columns", "words"),
        [
            ({"amount_paid": 1900}, "Paid"),
            (
                {"total": 2000, "amount_due": 1200, "amount_paid": 1200, "starting_balance": -500,
                 "ending_balance": 0, "credited_before_payment": 300},
                "Paid $12.00 paid, $5.00 from your balance, $3.00 credited",
            ),
            (
                {"total": 2000, "starting_balance": -2500, "ending_balance": -500},
                "Paid $20.00 from your balance",
            ),
            (
                {"total": 30, "ending_balance": 30},
                "On your next invoice $0.30 comes with your next invoice",
            ),
            (
                {"total": 2000, "amount_due": 2030, "amount_paid": 2030, "starting_balance": 30, "ending_balance": 0},
                "Paid $0.30 owed from before is added, $20.30 paid",
            ),
            ({"total": -700, "ending_balance": -700}, "Paid $7.00 kept for your next invoice"),
            (
                {"amount_due": 1900, "amount_paid": 2100, "amount_overpaid": 200, "ending_balance": 0},
                "Paid $21.00 paid, $2.00 paid too much and kept for your next invoice",
            ),
            (
                {"amount_due": 1900, "amount_paid": 1900, "credited_after_payment": 700, "ending_balance": 0},
                "Paid $7.00 credited after the payment",
            ),
            (
                {"status": "open", "amount_due": 1900, "amount_paid": 400, "amount_remaining": 1500},
                "To be paid $4.00 paid, $15.00 left to pay",
            ),
            ({"status": "open", "amount_remaining": 1900, "due_at": JUNE}, "To be paid Due on 3 June 2099"),
            (
                {"status": "open", "amount_remaining": 1900, "due_at": LONG_AGO},
                "To be paid It was due on 3 May 2020 and is not paid yet.",
            ),
            ({"status": "uncollectible"}, "Written off We no longer ask for this payment."),
            (
                {"status": "void", "starting_balance": -500, "ending_balance": 0},
                "Cancelled Nothing is to be paid on this invoice.",
            ),
            (
                {"currency": "idr", "total": 123_456_789_000, "amount_paid": 123_456_789_000},
                "Paid",
            ),
        ],
    )  # fmt: skip
    def test_show_how_they_are_settled(
        self, customer_client: Client, customer: Customer, columns: dict[str, Any], words: str
    ) -> None:
        settled = {"status": "paid", "amount_remaining": 0, "hosted_invoice_url": "", "invoice_pdf": ""}
        invoice = bill(customer, **{**settled, **columns})
        said = reading.words(self.rows(customer_client))
        assert said == " ".join(f"NUMBER-in_1 3 May 2099 {invoice.total_display} {words}".split())

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("succeeded", "$5.00 refunded on 3 June 2099"),
            ("pending", "$5.00 on its way back to you since 3 June 2099"),
            ("requires_action", "Refund of $5.00 of 3 June 2099: waiting for your details"),
            ("failed", "Refund of $5.00 of 3 June 2099: failed"),
            ("canceled", "Refund of $5.00 of 3 June 2099: cancelled"),
        ],
    )
    def test_show_what_was_given_back(
        self, customer_client: Client, customer: Customer, status: str, words: str
    ) -> None:
        invoice = bill(customer, status="paid", amount_remaining=0)
        Refund.objects.create(
            pk="re_1", invoice=invoice, amount=500, currency="usd", status=status, stripe_created_at=JUNE
        )
        assert reading.words(self.rows(customer_client)) == ending(f"PDF of NUMBER-in_1 {words}")

    def test_name_what_they_are_for(self, customer_client: Client, customer: Customer, price: Price) -> None:
        bill(customer, subscription=subscribe(customer, price))
        assert "3 May 2099 · your Pro subscription $19.00" in reading.words(self.rows(customer_client))

    def test_are_paged_and_take_as_many_queries_for_many(
        self, customer_client: Client, customer: Customer, price: Price, django_assert_max_num_queries: Any
    ) -> None:
        subscription = subscribe(customer, price)
        for number in range(30):
            invoice = bill(customer, f"in_{number}", subscription=subscription)
            Refund.objects.create(pk=f"re_{number}", invoice=invoice, amount=1, currency="usd", status="succeeded")
        with django_assert_max_num_queries(joins.queries(7, links=2)):
            first = customer_client.get("/account/invoices/").content.decode()
        assert first.count('<li class="row">') == 20
        assert '<a rel="next" href="?page=2">' in first
        assert customer_client.get("/account/invoices/?page=2").content.count(b'<li class="row">') == 10

    def test_without_any(self, customer_client: Client) -> None:
        assert b"There are no invoices yet." in customer_client.get("/account/invoices/").content

    def test_show_nothing_of_somebody_else(
        self, customer_client: Client, staff: User, local_stripe: LocalStripe
    ) -> None:
        bill(customers.ensure(staff))
        assert b"There are no invoices yet." in customer_client.get("/account/invoices/").content

    def rows(self, client: Client) -> str:
        page = client.get("/account/invoices/").content.decode()
        return page.partition('<ul class="rows">')[2].partition("</ul>")[0]
