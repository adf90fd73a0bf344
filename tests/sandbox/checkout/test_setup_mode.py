"""Sessions that save a payment method, and those that take other ones than cards."""

import pytest

from tests.sandbox.shop import SUCCESS_URL, VISA, error_of


@pytest.fixture
def setup(shop):
    """Create a session in setup mode."""

    def make(**choices):
        given = {"mode": "setup", "currency": "usd", "success_url": SUCCESS_URL, **choices}
        return shop.api.checkout.sessions.create(given)

    return make


class TestSetup:
    def test_has_a_setup_intent_and_no_amounts(self, shop, setup):
        customer = shop.customer()
        session = setup(customer=customer, setup_intent_data={"metadata": {"order": "7"}})

        assert (session.mode, session.status, session.payment_status) == ("setup", "open", "no_payment_required")
        assert (session.amount_total, session.amount_subtotal, session.currency) == (None, None, "usd")
        assert (session.discounts, session.total_details, session.customer_creation) == (None, None, None)
        assert (session.payment_method_collection, session.saved_payment_method_options) == ("always", None)
        assert (session.customer_details.email, session.customer_details.tax_exempt) == ("ada@example.com", None)
        intent = shop.api.setup_intents.retrieve(session.setup_intent)
        assert (intent.status, intent.customer) == ("requires_payment_method", customer)
        assert intent.metadata.to_dict() == {"order": "7"}

    def test_saves_the_card(self, shop, setup):
        customer = shop.customer()
        session = setup(customer=customer)
        shop.forget_events()

        paid = shop.pay(session, card=VISA)

        assert (paid.status, paid.payment_status) == ("complete", "no_payment_required")
        intent = shop.api.setup_intents.retrieve(session.setup_intent)
        assert intent.status == "succeeded"
        assert shop.api.payment_methods.retrieve(intent.payment_method).customer == customer
        assert set(shop.new_types()) == {
            "checkout.session.completed",
            "payment_method.attached",
            "setup_intent.succeeded",
        }

    def test_saves_it_on_the_page(self, shop, setup):
        session = setup(customer=shop.customer())
        page = shop.programs.get(f"/checkout/{session.id}")
        assert "Save your payment details" in page.text

        card = {"number": VISA, "expiry": "12/34", "cvc": "123", "name": "Ada"}
        assert shop.programs.post(f"/checkout/{session.id}", data=card).status_code == 303

    def test_is_canceled_when_the_session_expires(self, shop, setup):
        session = setup()
        shop.api.checkout.sessions.expire(session.id)
        assert shop.api.setup_intents.retrieve(session.setup_intent).status == "canceled"

    @pytest.mark.parametrize(
        ("choices", "param"),
        [
            ({"line_items": [{"price": "price_1", "quantity": 1}]}, "line_items"),
            ({"subscription_data": {"description": "x"}}, "subscription_data"),
        ],
    )
    def test_takes_no_items(self, setup, choices, param):
        assert error_of(setup, **choices).param == param

    def test_needs_a_currency(self, shop):
        given = {"mode": "setup", "success_url": SUCCESS_URL}
        assert error_of(shop.api.checkout.sessions.create, given).param == "currency"


class TestOtherMethods:
    @pytest.mark.parametrize(
        ("currency", "method", "status"),
        [
            ("usd", "us_bank_account", "processing"),
            ("eur", "sepa_debit", "processing"),
            ("brl", "boleto", "requires_action"),
            ("mxn", "oxxo", "requires_action"),
            ("jpy", "konbini", "requires_action"),
        ],
    )
    def test_are_paid_days_later(self, shop, currency, method, status):
        session = shop.session(shop.price(5000, interval=None, currency=currency), mode="payment")
        assert session.payment_method_types == ["card", method]

        paid = shop.pay(session, card=None, method=method)

        assert (paid.status, paid.payment_status) == ("complete", "unpaid")
        assert shop.api.payment_intents.retrieve(paid.payment_intent).status == status
        shop.forget_events()
        shop.advance(days=7)
        assert shop.api.checkout.sessions.retrieve(session.id).payment_status == "paid"
        assert "checkout.session.async_payment_succeeded" in shop.new_types()

    def test_fail_if_a_voucher_is_not_paid(self, shop):
        session = shop.session(shop.price(5000, interval=None, currency="brl"), mode="payment")
        shop.pay(session, card=None, method="boleto", email="fill_never@example.com")

        shop.advance(days=7)

        after = shop.api.checkout.sessions.retrieve(session.id)
        assert (after.status, after.payment_status) == ("complete", "unpaid")
        assert "checkout.session.async_payment_failed" in {event["type"] for event in shop.events()}

    def test_pay_a_subscription_by_debit(self, shop):
        session = shop.session()
        paid = shop.pay(session, card=None, method="us_bank_account")
        assert shop.subscription(paid.subscription).status == "incomplete"

        shop.advance(days=7)

        assert shop.subscription(paid.subscription).status == "active"
        assert shop.api.checkout.sessions.retrieve(session.id).payment_status == "paid"

    def test_are_chosen_on_the_page(self, shop):
        session = shop.session(shop.price(5000, interval=None, currency="eur"), mode="payment")
        assert "Use a test SEPA Direct Debit instead" in shop.programs.get(f"/checkout/{session.id}").text

        data = {"email": "eve@example.com", "method": "sepa_debit"}

        assert shop.programs.post(f"/checkout/{session.id}", data=data).status_code == 303

    def test_can_be_excluded(self, shop):
        session = shop.session(excluded_payment_method_types=["us_bank_account"])
        assert session.payment_method_types == ["card"]
        status, error = shop.refusal(session, card=None, method="us_bank_account")
        assert (status, error["param"]) == (400, "method")
