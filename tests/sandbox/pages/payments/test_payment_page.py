"""The page of a payment that waits for the customer."""

import pytest

from tests.sandbox.shop import error_of

RETURN = "https://shop.example/back"
PAYER = {"email": "ada@example.com", "name": "Ada"}


@pytest.fixture
def intent(shop):
    given = {"amount": 2900, "currency": "usd", "payment_method": "pm_card_authenticationRequired", "confirm": True}
    return shop.api.payment_intents.create({**given, "return_url": RETURN})


def path_of(shop, url):
    return url.removeprefix(shop.sandbox.account.base_url)


class TestAuthentication:
    @pytest.mark.parametrize(
        ("outcome", "status", "result"),
        [("succeed", "succeeded", "succeeded"), ("fail", "requires_payment_method", "failed")],
    )
    def test_sends_the_customer_back(self, shop, intent, outcome, status, result):
        path = path_of(shop, intent.next_action.redirect_to_url.url)
        assert "$29.00" in shop.programs.get(path).get_data(as_text=True)

        answer = shop.programs.post(path, data={"outcome": outcome})

        expected = f"payment_intent={intent.id}&payment_intent_client_secret={intent.client_secret}"
        assert answer.headers["Location"] == f"{RETURN}?{expected}&redirect_status={result}"
        assert shop.api.payment_intents.retrieve(intent.id).status == status
        assert shop.programs.post(path, data={"outcome": outcome}).status_code == 404

    def test_asks_for_an_outcome(self, shop, intent):
        answer = shop.programs.post(path_of(shop, intent.next_action.redirect_to_url.url))

        assert answer.status_code == 400
        assert shop.api.payment_intents.retrieve(intent.id).status == "requires_action"

    def test_of_a_setup(self, shop):
        given = {"payment_method": "pm_card_authenticationRequired", "confirm": True, "return_url": RETURN}
        intent = shop.api.setup_intents.create(given)
        path = path_of(shop, intent.next_action.redirect_to_url.url)
        assert "that the card is saved" in shop.programs.get(path).get_data(as_text=True)

        answer = shop.programs.post(path, data={"outcome": "succeed"})

        assert answer.headers["Location"].startswith(f"{RETURN}?setup_intent={intent.id}&")
        assert shop.api.setup_intents.retrieve(intent.id).status == "succeeded"


class TestVoucher:
    def test_is_paid(self, shop):
        method = shop.api.payment_methods.create({"type": "oxxo", "billing_details": PAYER}).id
        given = {"amount": 2900, "currency": "mxn", "payment_method": method, "confirm": True}
        intent = shop.api.payment_intents.create(given)
        path = path_of(shop, intent.next_action.oxxo_display_details.hosted_voucher_url)
        assert "Pay the voucher" in shop.programs.get(path).get_data(as_text=True)

        answer = shop.programs.post(path, data={"outcome": "succeed"})

        assert "The payment has succeeded." in answer.get_data(as_text=True)
        assert shop.api.payment_intents.retrieve(intent.id).status == "succeeded"

    def test_is_missing_for_other_ids(self, shop, intent):
        assert shop.programs.get("/voucher/pi_unknown").status_code == 404
        assert error_of(shop.api.payment_intents.retrieve, "pi_unknown").http_status == 404
