"""Refusals of the hosted page: declined cards, failed 3-D Secure, closed sessions."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.shop import VISA

DECLINES = [
    ("4000000000000002", "card_declined", "generic_decline", "Your card was declined."),
    ("4000000000009995", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ("4000000000009987", "card_declined", "lost_card", "Your card was declined."),
    ("4000000000009979", "card_declined", "stolen_card", "Your card was declined."),
    ("4000000000000069", "expired_card", "expired_card", "Your card has expired."),
    ("4000000000000127", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    (
        "4000000000000119",
        "processing_error",
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    ("4000000000000341", "card_declined", "generic_decline", "Your card was declined."),
]


def state(shop):
    """Return the number of objects of each kind except products and prices."""
    counts = shop.programs.get("/_sandbox/state").get_json()["objects"]
    return {kind: count for kind, count in counts.items() if not kind.startswith("_")}


class TestRefusedCards:
    @pytest.mark.parametrize("mode", ["subscription", "payment"])
    @pytest.mark.parametrize("declined", DECLINES, ids=lambda declined: declined[0][-4:])
    def test_leave_nothing_but_an_open_session(self, shop, mode, declined):
        card, code, decline_code, message = declined
        price = shop.price(interval="month" if mode == "subscription" else None)
        session = shop.session(price, mode=mode, customer=shop.customer())
        before = state(shop)

        status, error = shop.refusal(session, card=card)

        assert status == 402
        assert (error["type"], error["code"], error["decline_code"]) == ("card_error", code, decline_code)
        assert error["message"] == message
        assert error["doc_url"] == f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
        assert state(shop) == before
        assert shop.api.checkout.sessions.retrieve(session.id).to_dict() == session.to_dict()
        assert shop.pay(session).payment_status == "paid"

    @pytest.mark.parametrize(
        ("typed", "code"),
        [
            ({"card": "4242424242424241"}, "incorrect_number"),
            ({"card": "42424242"}, "invalid_number"),
            ({"card": "4111111111111111"}, "card_declined"),
            ({"exp_month": 12, "exp_year": 2026}, "invalid_expiry_year"),
            ({"exp_month": 13, "exp_year": 2030}, "invalid_expiry_month"),
            ({"cvc": "12"}, "invalid_cvc"),
        ],
    )
    def test_are_told_from_typing_errors(self, shop, typed, code):
        status, error = shop.refusal(shop.session(), **typed)

        assert (status, error["code"]) == (402, code)

    def test_are_needed_where_something_is_due(self, shop):
        answer = shop.ask(f"checkout/{shop.session().id}/pay")

        assert answer.status_code == 400
        assert answer.get_json()["error"]["param"] == "card"


class TestAuthentication:
    CARDS = ("4000002500003155", "4000002760003184", "4000000000003220", "4000008260003178")

    @pytest.mark.parametrize("card", CARDS)
    def test_is_asked_for_first(self, shop, card):
        session = shop.session(customer=shop.customer())
        before = state(shop)

        status, error = shop.refusal(session, card=card)

        assert (status, error["code"]) == (402, "authentication_required")
        assert error["decline_code"] == "authentication_required"
        assert state(shop) == before

    @pytest.mark.parametrize("card", CARDS[:3])
    def test_completed_pays(self, shop, card):
        paid = shop.pay(shop.session(), card=card, authenticate="complete")

        assert paid.payment_status == "paid"

    def test_does_not_help_a_card_without_funds(self, shop):
        status, error = shop.refusal(shop.session(), card="4000008260003178", authenticate="complete")

        assert (status, error["decline_code"]) == (402, "insufficient_funds")

    def test_can_fail(self, shop):
        session = shop.session()

        status, error = shop.refusal(session, card="4000002500003155", authenticate="fail")

        assert (status, error["code"]) == (402, "payment_intent_authentication_failure")
        assert shop.api.checkout.sessions.retrieve(session.id).status == "open"

    def test_is_not_asked_of_an_ordinary_card(self, shop):
        assert shop.pay(shop.session(), authenticate="fail").status == "complete"

    def test_refuses_another_value(self, shop):
        status, error = shop.refusal(shop.session(), authenticate="maybe")

        assert (status, error["param"]) == (400, "authenticate")


class TestClosedSessions:
    def test_cannot_be_paid_twice(self, shop):
        session = shop.session()
        shop.pay(session)
        before = state(shop)

        status, error = shop.refusal(session)

        assert (status, error["message"]) == (400, "This Checkout Session has already been completed.")
        assert state(shop) == before

    def test_are_paid_once_by_two_requests_at_once(self, shop):
        session = shop.session()

        with ThreadPoolExecutor(4) as buyers:
            path = f"checkout/{session.id}/pay"
            answers = list(buyers.map(lambda _: shop.ask(path, card=VISA).status_code, range(4)))

        assert sorted(answers) == [200, 400, 400, 400]
        assert len(shop.api.charges.list().data) == 1

    def test_cannot_be_paid_after_they_expired(self, shop):
        session = shop.session()
        shop.advance(hours=24)

        status, error = shop.refusal(session)

        assert (status, error["message"]) == (400, "This Checkout Session has expired.")
        assert shop.api.subscriptions.list({"status": "all"}).data == []

    def test_with_an_unknown_id_are_not_found(self, shop):
        answer = shop.ask("checkout/cs_test_none/pay", card=VISA)

        assert answer.status_code == 404
        assert answer.get_json()["error"]["code"] == "resource_missing"

    def test_whose_customer_was_deleted_cannot_be_paid(self, shop):
        customer = shop.customer()
        session = shop.session(customer=customer)
        shop.api.customers.delete(customer)

        status, error = shop.refusal(session)

        assert (status, error["code"], error["param"]) == (400, "resource_missing", "customer")
