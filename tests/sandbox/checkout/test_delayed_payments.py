"""Bank debits, which succeed or fail days after the session is complete."""

from collections import Counter

import pytest


class TestDelayedPayment:
    def opened(self, shop, mode):
        price = shop.price(interval="month" if mode == "subscription" else None)
        return shop.session(price, mode=mode, customer=shop.customer())

    def settle(self, shop, session, outcome):
        shop.control(f"checkout/{session.id}/settle", outcome=outcome)
        return shop.api.checkout.sessions.retrieve(session.id)

    def pay(self, shop, session):
        return shop.pay(session, card=None, **{"async": True})

    def test_completes_the_session_unpaid(self, shop):
        session = self.opened(shop, "payment")
        shop.forget_events()

        paid = self.pay(shop, session)

        assert (paid.status, paid.payment_status) == ("complete", "unpaid")
        intent = shop.api.payment_intents.retrieve(paid.payment_intent)
        assert (intent.status, intent.amount_received) == ("processing", 0)
        assert shop.api.charges.retrieve(intent.latest_charge).status == "pending"
        assert Counter(shop.new_types()) == Counter(
            ["charge.pending", "checkout.session.completed", "payment_intent.created", "payment_intent.processing"]
        )

    def test_leaves_a_subscription_incomplete(self, shop):
        paid = self.pay(shop, self.opened(shop, "subscription"))

        assert paid.payment_status == "unpaid"
        assert shop.subscription(paid.subscription).status == "incomplete"
        assert shop.api.invoices.retrieve(paid.invoice).status == "open"

    def test_succeeds(self, shop):
        session = self.pay(shop, self.opened(shop, "payment"))
        shop.forget_events()

        settled = self.settle(shop, session, "succeed")

        assert settled.payment_status == "paid"
        assert shop.api.payment_intents.retrieve(session.payment_intent).status == "succeeded"
        assert Counter(shop.new_types()) == Counter(
            ["charge.succeeded", "checkout.session.async_payment_succeeded", "payment_intent.succeeded"]
        )

    def test_succeeds_for_a_subscription(self, shop):
        session = self.pay(shop, self.opened(shop, "subscription"))

        settled = self.settle(shop, session, "succeed")

        assert settled.payment_status == "paid"
        assert shop.subscription(session.subscription).status == "active"
        assert shop.api.invoices.retrieve(session.invoice).status == "paid"

    def test_fails(self, shop):
        session = self.pay(shop, self.opened(shop, "payment"))
        shop.forget_events()

        settled = self.settle(shop, session, "fail")

        assert (settled.status, settled.payment_status) == ("complete", "unpaid")
        intent = shop.api.payment_intents.retrieve(session.payment_intent)
        assert (intent.status, intent.last_payment_error.payment_method.type) == (
            "requires_payment_method",
            "us_bank_account",
        )
        assert Counter(shop.new_types()) == Counter(
            ["charge.failed", "checkout.session.async_payment_failed", "payment_intent.payment_failed"]
        )

    def test_fails_for_a_subscription_which_then_expires(self, shop):
        session = self.pay(shop, self.opened(shop, "subscription"))

        self.settle(shop, session, "fail")

        assert shop.subscription(session.subscription).status == "incomplete"
        shop.advance(hours=23)
        assert shop.subscription(session.subscription).status == "incomplete_expired"
        assert shop.api.invoices.retrieve(session.invoice).status == "void"

    @pytest.mark.parametrize(("outcome", "status"), [("succeed", "active"), ("fail", "incomplete_expired")])
    def test_is_waited_for_longer_than_a_day(self, shop, outcome, status):
        session = self.pay(shop, self.opened(shop, "subscription"))

        shop.advance(days=4)
        assert shop.subscription(session.subscription).status == "incomplete"
        self.settle(shop, session, outcome)

        assert shop.subscription(session.subscription).status == status

    def test_settles_by_itself_after_five_days(self, shop):
        session = self.pay(shop, self.opened(shop, "subscription"))

        shop.advance(days=5)

        assert shop.api.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert shop.subscription(session.subscription).status == "active"
        assert shop.new_types().count("checkout.session.async_payment_succeeded") == 1

    def test_is_slow_again_at_a_renewal(self, shop):
        session = self.pay(shop, self.opened(shop, "subscription"))
        self.settle(shop, session, "succeed")

        shop.advance(days=28)
        subscription = shop.subscription(session.subscription)
        assert (subscription.status, shop.invoices(subscription)[1].status) == ("active", "open")
        shop.advance(days=5)

        subscription = shop.subscription(session.subscription)
        assert (subscription.status, len(shop.invoices(subscription))) == ("active", 2)
        charge = shop.api.charges.list().data[0]
        assert (charge.status, charge.payment_method_details.type) == ("succeeded", "us_bank_account")

    def test_makes_its_invoice_when_it_arrives(self, shop):
        session = shop.session(shop.price(interval=None), mode="payment", invoice_creation={"enabled": True})

        paid = self.pay(shop, session)

        assert paid.invoice is None
        settled = self.settle(shop, session, "succeed")
        assert shop.api.invoices.retrieve(settled.invoice).status == "paid"

    def test_settles_once(self, shop):
        session = self.pay(shop, self.opened(shop, "payment"))
        self.settle(shop, session, "succeed")

        answer = shop.ask(f"checkout/{session.id}/settle", outcome="fail")

        assert answer.status_code == 400
        assert shop.api.checkout.sessions.retrieve(session.id).payment_status == "paid"

    def test_is_not_waited_for_by_an_open_session(self, shop):
        answer = shop.ask(f"checkout/{shop.session().id}/settle", outcome="succeed")

        assert answer.status_code == 400
