"""Ways to pay for a year: debits, vouchers, sent invoices, balances, credit notes, several payments, disputes."""

from collections import Counter

import pytest

from tests.sandbox.payments.slow.test_debits_and_vouchers import PAYER, debit
from tests.sandbox.shop import at, shown
from tests.sandbox.years.bills import DAY, DAYS, bills, monthly, walk


def attached(shop, customer, method):
    """Return the customer's new default payment method."""
    method = shop.api.payment_methods.attach(method, {"customer": customer}).id
    shop.api.customers.update(customer, {"invoice_settings": {"default_payment_method": method}})
    return method


def subscribed(shop, customer, price=None, **choices):
    items = [{"price": price or shop.price()}]
    return shop.api.subscriptions.create({"customer": customer, "items": items, **choices})


class TestDebits:
    def test_succeed_five_days_after_each_bill(self, shop, buyer, counted):
        attached(shop, buyer, debit(shop))
        subscription = subscribed(shop, buyer, shop.price(currency="eur"))
        walk(shop)
        shop.advance(days=5)

        invoices = shop.invoices(subscription)
        assert bills(shop, subscription) == monthly(1900)
        assert {each.status_transitions.paid_at - each.created for each in invoices} == {5 * DAY}
        assert counted("payment_intent", "charge") == {
            "charge.pending": 13,
            "charge.succeeded": 13,
            "payment_intent.created": 13,
            "payment_intent.processing": 13,
            "payment_intent.succeeded": 13,
        }
        assert shop.subscription(subscription.id).status == "active"

    def test_fail_days_later_and_end_the_subscription(self, shop, customer, counted):
        subscription = subscribed(shop, customer)
        method = shop.api.payment_methods.attach("pm_usBankAccount_insufficientFunds", {"customer": customer}).id
        walk(shop, until="2027-03-31")
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": method})
        walk(shop)

        ended = shop.subscription(subscription.id)
        assert (ended.status, ended.cancellation_details.reason) == ("canceled", "payment_failed")
        assert ended.ended_at == at("2027-05-04 10:30")  # Four days later: a debit is not tried again.
        assert bills(shop, subscription) == [*monthly(1900)[:3], "2027-04-30 1900 open"]
        failures = ("charge.failed", "customer.subscription.deleted", "invoice.payment_failed")
        assert counted(*failures) == dict.fromkeys(failures, 1)

    @pytest.mark.parametrize(
        ("dunning", "status"),
        [
            ({"after_last_attempt": "unpaid"}, "unpaid"),
            ({"after_last_attempt": "past_due"}, "past_due"),
            ({"after_last_attempt": "pause"}, "paused"),
            ({"after_first_attempt": "pause"}, "paused"),
        ],
    )
    def test_do_what_the_account_says_when_they_fail(self, shop, customer, dunning, status):
        shop.control("dunning", **dunning)
        subscription = subscribed(shop, customer)
        method = shop.api.payment_methods.attach("pm_usBankAccount_accountClosed", {"customer": customer}).id
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": method})
        walk(shop, until="2027-02-28")
        assert shop.subscription(subscription.id).status == "active"
        shop.advance(days=4)

        assert shop.subscription(subscription.id).status == status


class TestVouchers:
    def test_are_paid_two_days_after_each_sent_invoice(self, shop, buyer, counted):
        subscription = subscribed(
            shop, buyer, shop.price(currency="jpy"), collection_method="send_invoice", days_until_due=7
        )
        method = {"type": "konbini", "billing_details": PAYER}
        for day in DAYS:
            shop.move_to(max(at(f"{day} 10:30"), shop.now))
            invoice = shop.api.invoices.retrieve(
                shop.subscription(subscription.id).latest_invoice, {"expand": ["payments"]}
            )
            if invoice.status == "draft":
                invoice = shop.api.invoices.finalize_invoice(invoice.id, {"expand": ["payments"]})
            intent = invoice.payments.data[0].payment.payment_intent
            shop.api.payment_intents.confirm(intent, {"payment_method_data": method})
            shop.advance(days=2)

        assert bills(shop, subscription) == monthly(1900)
        assert counted("payment_intent.requires_action", "payment_intent.succeeded", "invoice.overdue") == {
            "payment_intent.requires_action": 13,
            "payment_intent.succeeded": 13,
        }
        assert shop.subscription(subscription.id).status == "active"


class TestSentInvoices:
    @pytest.fixture
    def sent(self, shop, buyer):
        return subscribed(shop, buyer, collection_method="send_invoice", days_until_due=10)

    def test_are_due_after_ten_days_and_overdue_when_unpaid(self, shop, sent, counted):
        shop.move_to(at("2027-02-09 10:30"))
        assert shop.subscription(sent.id).status == "active"
        shop.move_to(at("2027-02-11 10:30"))
        assert shop.subscription(sent.id).status == "past_due"
        walk(shop)

        invoices = shop.invoices(sent)
        assert {(each.due_date or 0) - each.created for each in invoices} == {10 * DAY}
        assert {each.status for each in invoices} == {"open"}
        assert len(invoices) == 13
        assert counted("invoice.overdue", "invoice.will_be_due") == {"invoice.overdue": 12, "invoice.will_be_due": 12}

    def test_are_paid_elsewhere(self, shop, sent, counted):
        for day in DAYS:
            shop.move_to(max(at(f"{day} 10:30"), shop.now))
            shop.api.invoices.pay(shop.subscription(sent.id).latest_invoice, {"paid_out_of_band": True})

        assert bills(shop, sent) == monthly(1900)
        assert counted("invoice.paid", "invoice.overdue", "charge", "payment_intent.succeeded") == {"invoice.paid": 13}


class TestBalance:
    def test_pays_bills_until_it_is_used_up(self, shop, customer):
        shop.api.customers.balance_transactions.create(customer, {"amount": -5000, "currency": "usd"})
        subscription = subscribed(shop, customer)
        walk(shop)

        invoices = shop.invoices(subscription)
        assert [each.amount_due for each in invoices] == [0, 0, 700, *[1900] * 10]
        assert [each.starting_balance for each in invoices[:4]] == [-5000, -3100, -1200, 0]
        assert bills(shop, subscription) == monthly(1900)
        applied = [each.amount for each in shop.api.customers.balance_transactions.list(customer, {"limit": 100})]
        assert applied == [1200, 1900, 1900, -5000]
        assert shop.api.customers.retrieve(customer).balance == 0


class TestCreditNotes:
    def test_of_each_bill_lower_the_next(self, shop, customer, counted):
        subscription = subscribed(shop, customer)
        for day in DAYS[1:]:
            credit = {"invoice": shop.subscription(subscription.id).latest_invoice, "amount": 400}
            shop.api.credit_notes.create({**credit, "credit_amount": 400})
            shop.move_to(at(f"{day} 10:30"))

        invoices = shop.invoices(subscription)
        assert [each.amount_due for each in invoices] == [1900, *[1500] * 12]
        assert [each.post_payment_credit_notes_amount for each in invoices] == [*[400] * 12, 0]
        assert counted("credit_note") == {"credit_note.created": 12}


class TestSeveralPayments:
    def test_pay_an_open_invoice_of_each_month(self, shop, customer, counted):
        subscription = subscribed(shop, customer, collection_method="send_invoice", days_until_due=20)
        for day in DAYS:
            shop.move_to(max(at(f"{day} 10:30"), shop.now))
            invoice = shop.subscription(subscription.id).latest_invoice
            session = shop.session(shop.price(900, interval=None), mode="payment", customer=customer)
            shop.api.invoices.attach_payment(invoice, {"payment_intent": shop.pay(session).payment_intent})
            shop.api.invoices.pay(invoice)

        assert bills(shop, subscription) == monthly(1900)
        listed = shop.api.invoice_payments.list({"limit": 100, "status": "paid"}).data
        assert Counter(each.amount_paid for each in listed) == {900: 13, 1000: 13}
        assert counted("invoice_payment.paid", "invoice.paid") == {"invoice_payment.paid": 26, "invoice.paid": 13}


class TestDisputes:
    @pytest.mark.parametrize(
        ("outcome", "status", "moves", "events"),
        [
            ("won", "won", [-3400, 1900], {"charge.dispute.funds_reinstated": 1}),
            ("lost", "lost", [-3400], {}),
            (None, "lost", [-3400], {}),
        ],
    )
    def test_of_one_bill_leave_the_others(self, shop, customer, counted, *, outcome, status, moves, events):
        subscription = subscribed(shop, customer)
        walk(shop, until="2027-04-30")
        charge = shop.api.charges.list({"customer": customer}).data[0].id
        dispute = shop.control("disputes", charge=charge)["id"]
        shop.advance(days=5)
        if outcome:
            shop.control(f"disputes/{dispute}", outcome=outcome)
        walk(shop)

        decided = shop.api.disputes.retrieve(dispute)
        assert (decided.status, sum(each.net for each in decided.balance_transactions)) == (status, sum(moves))
        assert bills(shop, subscription) == monthly(1900)
        assert counted("charge.dispute") == {
            "charge.dispute.closed": 1,
            "charge.dispute.created": 1,
            "charge.dispute.funds_withdrawn": 1,
            **events,
        }

    def test_of_a_card_come_with_every_bill(self, shop, customer, counted):
        attached(shop, customer, "pm_card_createDispute")
        subscription = subscribed(shop, customer)
        walk(shop)

        assert bills(shop, subscription) == monthly(1900)
        assert counted("charge.dispute.created") == {"charge.dispute.created": 13}
        disputes = shop.api.disputes.list({"limit": 100}).data
        assert {shown(each.created)[:10] for each in disputes} == set(DAYS)
        assert Counter(each.status for each in disputes) == {"lost": 12, "needs_response": 1}
