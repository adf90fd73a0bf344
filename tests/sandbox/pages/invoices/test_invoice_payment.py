"""The page of an open invoice: pay it with the card form, and its error messages."""

import re

import pytest

from sandbox.payments.cards import BY_ALIAS
from tests.sandbox.pages.conftest import NOW
from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import DECLINED, SECURE, TYPED
from tests.wording import ending

FIRST = NOW + 31 * 86_400  # 15 January to 15 February 2027
CARD = {name: value for name, value in TYPED.items() if name != "email"}


@pytest.fixture
def past_due_subscription(api, browser, make_price):
    """A subscription of 19.00 a month whose first renewal has failed."""
    customer = api.customers.create({"email": "ada@example.com", "name": "Ada"}).id
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    api.customers.update(customer, {"invoice_settings": {"default_payment_method": method.id}})
    created = api.subscriptions.create(
        {
            "customer": customer,
            "items": [{"price": make_price(recurring={"interval": "month"})}],
            "trial_end": FIRST,
        }
    )
    browser.post("/_sandbox/clock", json={"to": FIRST})
    return api.subscriptions.retrieve(created.id)


@pytest.fixture
def page_of(api):
    """Return the path of the latest invoice's page."""
    return lambda subscription: f"/invoice/{api.subscriptions.retrieve(subscription.id).latest_invoice}"


def status_of(api, subscription):
    seen = api.subscriptions.retrieve(subscription.id, {"expand": ["latest_invoice"]})
    return seen.status, seen.latest_invoice.status


class TestThePage:
    def test_asks_for_a_card_while_the_invoice_is_open(self, api, browser, past_due_subscription, page_of):
        assert status_of(api, past_due_subscription) == ("past_due", "open")

        page = browser.get(page_of(past_due_subscription))

        assert page.status_code == 200
        assert "$19.00 Due now" in text_of(page)
        assert "Pay $19.00" in text_of(page)
        for name, label in [("number", "Card number"), ("expiry", "Expiry"), ("cvc", "CVC"), ("name", "Name on card")]:
            assert f'<label for="{name}">{label}</label>' in page.text
        assert "<script" not in page.text

    def test_is_at_the_hosted_invoice_url(self, api, past_due_subscription, page_of):
        invoice = api.invoices.retrieve(past_due_subscription.latest_invoice)
        assert invoice.hosted_invoice_url == ending(page_of(past_due_subscription))

    def test_has_no_form_once_it_is_paid(self, browser, api, past_due_subscription, page_of):
        api.invoices.pay(past_due_subscription.latest_invoice, {"payment_method": "pm_card_visa"})

        page = browser.get(page_of(past_due_subscription))

        assert "Paid on February 15, 2027" in text_of(page)
        assert "<form" not in page.text

    def test_of_an_unknown_invoice_is_not_found(self, browser):
        assert browser.get("/invoice/in_none").status_code == 404
        assert browser.post("/invoice/in_none", data=CARD).status_code == 404


class TestPaying:
    def test_activates_the_subscription_and_saves_the_card_for_it(self, api, browser, past_due_subscription, page_of):
        answer = browser.post(page_of(past_due_subscription), data=CARD)

        assert (answer.status_code, answer.headers["Location"]) == (303, page_of(past_due_subscription))
        assert status_of(api, past_due_subscription) == ("active", "paid")
        method = api.payment_methods.retrieve(
            api.subscriptions.retrieve(past_due_subscription.id).default_payment_method
        )
        assert (method.card.last4, method.customer) == ("4242", past_due_subscription.customer)
        assert method.billing_details.name == "Ada Lovelace"

    def test_fills_in_a_test_card(self, browser, past_due_subscription, page_of):
        page = browser.post(page_of(past_due_subscription), data={"fill": "4242424242424242", "name": "Ada"})

        assert page.status_code == 200
        assert value_of(page, "number") == "4242 4242 4242 4242"
        assert value_of(page, "name") == "Ada"

    @pytest.mark.parametrize(
        ("answer", "status", "result"),
        [("complete", 303, ("active", "paid")), ("fail", 402, ("past_due", "open"))],
    )
    def test_shows_3d_secure(self, api, browser, past_due_subscription, page_of, *, answer, status, result):
        asked = browser.post(page_of(past_due_subscription), data=SECURE)
        assert "3-D Secure" in text_of(asked)
        assert "$19.00 due today, with the card ending in 3155" in text_of(asked)
        assert status_of(api, past_due_subscription) == ("past_due", "open")

        done = browser.post(page_of(past_due_subscription), data=SECURE | {"authentication": answer})

        assert done.status_code == status
        assert status_of(api, past_due_subscription) == result

    def test_happens_once(self, api, browser, past_due_subscription, page_of):
        for _ in range(2):
            assert browser.post(page_of(past_due_subscription), data=CARD).status_code == 303

        assert len([charge for charge in api.charges.list().data if charge.paid]) == 1


class TestRefusals:
    def refused(self, browser, path, typed):
        page = browser.post(path, data=typed)
        assert page.status_code == 402
        return page, re.search(r'role="alert">([^<]*)<', page.text)[1]

    def test_show_the_decline(self, api, browser, past_due_subscription, page_of):
        page, message = self.refused(browser, page_of(past_due_subscription), DECLINED)

        assert message == "Your card was declined."
        assert value_of(page, "number") == DECLINED["number"]
        assert status_of(api, past_due_subscription) == ("past_due", "open")
        assert api.subscriptions.retrieve(past_due_subscription.id).default_payment_method is None
        number = BY_ALIAS["pm_card_chargeCustomerFail"].last4
        cards = api.payment_methods.list({"customer": past_due_subscription.customer}).data
        assert [method.card.last4 for method in cards] == [number]

    @pytest.mark.parametrize(
        ("wrong", "field"), [({"number": "4242 4242 4242 4241"}, "number"), ({"expiry": "soon"}, "expiry")]
    )
    def test_mark_the_field(self, browser, past_due_subscription, page_of, wrong, field):
        page, _ = self.refused(browser, page_of(past_due_subscription), CARD | wrong)

        assert re.findall(r'<input id="(\w+)"[^>]*aria-invalid="true"', page.text) == [field]
