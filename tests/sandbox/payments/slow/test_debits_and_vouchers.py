"""Payments that end days later, alone and for invoices of subscriptions."""

import pytest

from tests.sandbox.shop import error_of

PAYER = {"email": "ada@example.com", "name": "Ada"}
HOME = {"line1": "1 Fake Street", "city": "Salvador", "state": "BA", "country": "BR", "postal_code": "41940-340"}
CURRENCIES = {"boleto": "brl", "konbini": "jpy", "oxxo": "mxn", "sepa_debit": "eur", "us_bank_account": "usd"}
DETAILS = {"boleto": {"tax_id": "000.000.000-00"}, "konbini": None, "oxxo": None}


def voucher(shop, kind, email="ada@example.com"):
    details = {kind: DETAILS[kind]} if DETAILS[kind] else {}
    payer = {**PAYER, "email": email, "address": HOME}
    return shop.api.payment_methods.create({"type": kind, "billing_details": payer, **details}).id


def debit(shop, iban="DE89370400440532013000"):
    given = {"type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": PAYER}
    return shop.api.payment_methods.create(given).id


def pay(shop, kind, method, **choices):
    given = {"amount": 2900, "currency": CURRENCIES[kind], "payment_method": method, "confirm": True}
    return shop.api.payment_intents.create({**given, **choices})


class TestDebits:
    def test_succeed_after_five_days(self, shop):
        intent = pay(shop, "sepa_debit", debit(shop))
        assert intent.status == "processing"
        assert shop.new_types()[-2:] == ["charge.pending", "payment_intent.processing"]

        shop.advance(days=5)

        paid = shop.api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})
        assert (paid.status, paid.amount_received, paid.latest_charge.status) == ("succeeded", 2900, "succeeded")
        assert (paid.latest_charge.id[:3], paid.latest_charge.balance_transaction.fee) == ("py_", 23)
        assert shop.new_types()[-2:] == ["charge.succeeded", "payment_intent.succeeded"]

    def test_fail_for_some_accounts(self, shop):
        intent = pay(shop, "us_bank_account", "pm_usBankAccount_accountClosed")

        shop.advance(days=4)

        failed = shop.api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert (failed.status, failed.last_payment_error.code) == ("requires_payment_method", "account_closed")
        assert (failed.latest_charge.status, failed.latest_charge.failure_code) == ("failed", "account_closed")
        assert shop.new_types()[-1] == "payment_intent.payment_failed"

    def test_fail_late_as_a_lost_dispute(self, shop):
        intent = pay(shop, "sepa_debit", debit(shop, "DE35370400440532013002"))

        shop.advance(days=6)

        dispute = shop.api.disputes.list({"payment_intent": intent.id}).data[0]
        assert (dispute.status, dispute.reason, dispute.payment_method_details) == (
            "lost",
            "debit_not_authorized",
            None,
        )

    @pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")])
    def test_end_by_control(self, shop, outcome, status):
        intent = pay(shop, "sepa_debit", debit(shop))

        assert shop.control(f"payments/{intent.id}", outcome=outcome)["status"] == status
        assert shop.ask(f"payments/{intent.id}", outcome=outcome).status_code == 400
        shop.advance(days=9)
        assert shop.api.payment_intents.retrieve(intent.id).status == status

    def test_need_a_payer(self, shop):
        given = {"type": "sepa_debit", "sepa_debit": {"iban": "DE89370400440532013000"}}
        method = shop.api.payment_methods.create(given).id

        assert error_of(pay, shop, "sepa_debit", method).param == "billing_details[email]"


class TestVouchers:
    @pytest.mark.parametrize("kind", ["boleto", "konbini", "oxxo"])
    def test_wait_for_the_customer(self, shop, kind):
        intent = pay(shop, kind, voucher(shop, kind))

        assert (intent.status, intent.latest_charge) == ("requires_action", None)
        assert intent.next_action.type == f"{kind}_display_details"
        assert intent.next_action[f"{kind}_display_details"].hosted_voucher_url.endswith(intent.id)
        assert shop.new_types()[-1] == "payment_intent.requires_action"

    def test_are_paid_after_two_days(self, shop):
        intent = pay(shop, "oxxo", voucher(shop, "oxxo"))

        shop.advance(days=2)

        assert shop.api.payment_intents.retrieve(intent.id).status == "succeeded"

    @pytest.mark.parametrize(
        ("email", "days"),
        [("a.expire_immediately@example.com", 0), ("expire_with_delay@example.com", 1), ("fill_never@example.com", 4)],
    )
    def test_expire(self, shop, email, days):
        intent = pay(shop, "boleto", voucher(shop, "boleto", email))

        shop.advance(days=days)

        expired = shop.api.payment_intents.retrieve(intent.id)
        assert (expired.status, expired.next_action) == ("requires_payment_method", None)
        assert expired.last_payment_error.code == "payment_intent_payment_attempt_expired"

    def test_expire_when_the_request_says(self, shop):
        options = {"boleto": {"expires_after_days": 1}}
        method = voucher(shop, "boleto", "fill_never@example.com")
        intent = pay(shop, "boleto", method, payment_method_options=options)

        shop.move_to(intent.next_action.boleto_display_details.expires_at)

        assert shop.api.payment_intents.retrieve(intent.id).status == "requires_payment_method"

    def test_can_be_canceled(self, shop):
        intent = pay(shop, "oxxo", voucher(shop, "oxxo"))
        shop.api.payment_intents.cancel(intent.id)

        shop.advance(days=4)

        assert shop.api.payment_intents.retrieve(intent.id).status == "canceled"


class TestAuthentication:
    def begun(self, shop, method="pm_card_authenticationRequired"):
        return pay(shop, "us_bank_account", method)

    def test_ends_with_the_payment(self, shop):
        intent = self.begun(shop)

        shop.control(f"payments/{intent.id}", outcome="succeed")

        paid = shop.api.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
        assert (paid.status, paid.next_action) == ("succeeded", None)
        assert paid.latest_charge.payment_method_details.card.three_d_secure.result == "authenticated"

    def test_can_fail(self, shop):
        intent = self.begun(shop)

        failed = shop.control(f"payments/{intent.id}", outcome="fail")

        assert failed["status"] == "requires_payment_method"
        assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
        assert shop.new_types()[-1] == "payment_intent.payment_failed"

    def test_can_be_followed_by_a_decline(self, shop):
        intent = self.begun(shop, "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds")

        failed = shop.control(f"payments/{intent.id}", outcome="succeed")

        assert failed["last_payment_error"]["decline_code"] == "insufficient_funds"

    @pytest.mark.parametrize(("outcome", "status"), [("succeed", "succeeded"), ("fail", "requires_payment_method")])
    def test_of_a_setup_ends(self, shop, buyer, outcome, status):
        given = {"payment_method": "pm_card_authenticationRequired", "confirm": True, "customer": buyer}
        intent = shop.api.setup_intents.create(given)

        assert shop.control(f"payments/{intent.id}", outcome=outcome)["status"] == status


class TestSubscriptions:
    def subscribed(self, shop, buyer, number):
        account = {"account_number": number, "routing_number": "110000000"}
        given = {"type": "us_bank_account", "us_bank_account": account, "billing_details": PAYER}
        method = shop.api.payment_methods.attach(shop.api.payment_methods.create(given).id, {"customer": buyer})
        items = [{"price": shop.price()}]
        return shop.api.subscriptions.create({"customer": buyer, "items": items, "default_payment_method": method.id})

    def test_are_paid_by_debit(self, shop, buyer):
        subscription = self.subscribed(shop, buyer, "000123456789")
        assert shop.api.invoices.retrieve(subscription.latest_invoice).status == "open"

        shop.advance(days=5)

        assert shop.api.invoices.retrieve(subscription.latest_invoice).status == "paid"
        assert shop.subscription(subscription.id).status == "active"
        assert shop.new_types().count("invoice.paid") == 1

    def test_survive_a_year_of_debits(self, shop, buyer):
        subscription = self.subscribed(shop, buyer, "000123456789")

        shop.advance(days=365)

        invoices = shop.invoices(subscription)
        assert {invoice.status for invoice in invoices[:-1]} == {"paid"}
        assert (len(invoices), shop.subscription(subscription.id).status) == (13, "active")

    def test_are_not_paid_by_a_debit_that_fails(self, shop, buyer):
        subscription = self.subscribed(shop, buyer, "000222222227")

        shop.advance(days=4)

        assert shop.new_types().count("invoice.payment_failed") == 1
        assert shop.subscription(subscription.id).status == "incomplete_expired"
        assert shop.api.invoices.retrieve(subscription.latest_invoice).status == "void"
