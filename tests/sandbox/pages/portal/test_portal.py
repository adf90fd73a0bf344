"""The pages of the billing portal, without JavaScript: account, card form, cancel, resume."""

import pytest

from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import TYPED, path

RETURN_URL = "https://shop.example/account"
DAY = 86_400
CARD = {name: value for name, value in TYPED.items() if name != "email"}


@pytest.fixture
def buyer(api):
    return api.customers.create({"email": "ada@example.com", "name": "Ada Lovelace"}).id


@pytest.fixture
def subscribe(api, browser, buyer, open_session):
    """Buy a subscription on the checkout page."""

    def buy(*prices, **choices):
        session = open_session(*prices, customer=buyer, **choices)
        assert browser.post(path(session), data=TYPED).status_code == 303
        return api.checkout.sessions.retrieve(session.id).subscription

    return buy


@pytest.fixture
def portal(api, buyer):
    """Create a portal session; return the path of its page."""

    def make(**choices):
        given = {"customer": buyer, "return_url": RETURN_URL, **choices}
        return f"/portal/{api.billing_portal.sessions.create(given).id}"

    return make


@pytest.fixture
def configured(api):
    """Create a configuration with only these features."""

    def make(**features):
        return api.billing_portal.configurations.create(
            {"features": {"invoice_history": {"enabled": False}, **features}}
        ).id

    return make


def pass_days(sandbox, days):
    with sandbox.account.transaction():
        sandbox.move_time(sandbox.account.now + days * DAY)


class TestTheAccount:
    def test_shows_what_the_customer_has(self, browser, portal, subscribe):
        subscribe()
        page = browser.get(portal())
        words = text_of(page)
        assert page.status_code == 200
        assert "Billing Ada Lovelace" in words
        assert "Pro $19.00 per month Renews on February 15, 2027. Cancel" in words
        assert "Visa ending in 4242, expires 12/2034 Default Change card" in words
        assert "January 15, 2027 1 \N{MULTIPLICATION SIGN} Pro (at $19.00 / month) Paid $19.00" in words

    def test_forbids_scripts_and_caching(self, browser, portal):
        page = browser.get(portal())
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert page.headers["Cache-Control"] == "no-store"

    def test_links_to_the_shop_and_to_invoices(self, api, browser, portal, subscribe):
        subscription = subscribe()
        page = browser.get(portal()).text
        (invoice,) = api.invoices.list({"subscription": subscription})
        assert f'<a class="back" href="{RETURN_URL}">' in page
        assert f'<a href="{invoice.hosted_invoice_url}">January 15, 2027</a>' in page

    def test_of_a_new_customer_is_empty(self, browser, portal):
        words = text_of(browser.get(portal()))
        assert "You have no subscription." in words
        assert "No card is saved." in words
        assert "There are no invoices yet." in words

    def test_shows_a_trial_and_quantities(self, browser, portal, subscribe, make_price):
        subscribe(make_price(recurring={"interval": "year"}), quantity=3, subscription_data={"trial_period_days": 14})
        words = text_of(browser.get(portal()))
        assert "Pro 3 x $19.00 per year Free trial until January 29, 2027." in words

    def test_says_that_a_payment_failed(self, sandbox, api, browser, portal, subscribe):
        subscription = api.subscriptions.retrieve(subscribe())
        failing = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": subscription.customer}).id
        api.subscriptions.update(subscription.id, {"default_payment_method": failing})
        pass_days(sandbox, 31)
        words = text_of(browser.get(portal()))
        assert "Payment failed. Change your card, or pay the open invoice." in words
        assert "Due $19.00" in words

    def test_hides_disabled_features(self, browser, portal, configured, subscribe):
        subscription = subscribe()
        closed = portal(configuration=configured())
        page = browser.get(closed)
        assert "Cancel" not in page.text
        assert "Change card" not in page.text
        assert "Invoices" not in text_of(page)
        assert browser.get(f"{closed}/card").status_code == 404
        assert browser.get(f"{closed}/cancel/{subscription}").status_code == 404

    def test_escapes_the_customers_name(self, api, browser, portal, buyer):
        api.customers.update(buyer, {"name": "<script>alert(1)</script>"})
        page = browser.get(portal())
        assert "<script" not in page.text
        assert "<script>alert(1)</script>" in text_of(page)

    def test_of_an_unknown_session_is_not_found(self, browser):
        for where in ("/portal/bps_none", "/portal/bps_none/card", "/portal/bps_none/cancel/sub_1"):
            assert browser.get(where).status_code == 404
        for where in ("/portal/bps_none/card", "/portal/bps_none/cancel/sub_1", "/portal/bps_none/resume/sub_1"):
            assert browser.post(where).status_code == 404


class TestCancelling:
    def test_asks_for_confirmation(self, api, browser, portal, subscribe):
        subscription = subscribe()
        page = browser.get(f"{portal()}/cancel/{subscription}")
        assert "Cancel Pro? You can use it until February 15, 2027 ." in text_of(page)
        assert "Too expensive" not in page.text
        assert '<option value="too_expensive">It is too expensive</option>' in page.text
        assert api.subscriptions.retrieve(subscription).cancel_at is None

    def test_sets_the_end_and_can_be_undone(self, api, browser, portal, subscribe):
        subscription, here = subscribe(), portal()
        answer = browser.post(f"{here}/cancel/{subscription}", data={"feedback": "unused"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{here}?done=cancel")
        words = text_of(browser.get(f"{here}?done=cancel"))
        assert "Your subscription is cancelled." in words
        assert "Ends on February 15, 2027. Don't cancel" in words
        ending = api.subscriptions.retrieve(subscription)
        assert (ending.cancel_at_period_end, ending.cancellation_details.feedback) == (False, "unused")

        answer = browser.post(f"{here}/resume/{subscription}")
        assert answer.headers["Location"] == f"{here}?done=resume"
        assert "Renews on February 15, 2027." in text_of(browser.get(here))
        assert api.subscriptions.retrieve(subscription).cancel_at is None

    def test_a_second_time_shows_the_error(self, browser, portal, subscribe):
        subscription, here = subscribe(), portal()
        browser.post(f"{here}/cancel/{subscription}")
        page = browser.post(f"{here}/cancel/{subscription}")
        assert page.status_code == 400
        assert "This subscription is already set to be canceled." in text_of(page)
        browser.post(f"{here}/resume/{subscription}")
        page = browser.post(f"{here}/resume/{subscription}")
        assert (page.status_code, "This subscription is not set to be canceled." in text_of(page)) == (400, True)

    def test_ignores_an_unknown_reason(self, api, browser, portal, subscribe):
        subscription = subscribe()
        browser.post(f"{portal()}/cancel/{subscription}", data={"feedback": "<b>"})
        assert api.subscriptions.retrieve(subscription).cancellation_details.feedback is None

    def test_does_not_find_another_customers_subscription(self, api, browser, portal, subscribe):
        subscription = subscribe()
        theirs = portal(customer=api.customers.create({"email": "eve@example.com"}).id)
        assert browser.get(f"{theirs}/cancel/{subscription}").status_code == 404
        assert browser.post(f"{theirs}/cancel/{subscription}").status_code == 404
        assert browser.post(f"{theirs}/resume/{subscription}").status_code == 404
        assert api.subscriptions.retrieve(subscription).cancel_at is None

    def test_says_that_it_ends_immediately(self, api, browser, portal, configured, subscribe):
        subscription = subscribe()
        here = portal(configuration=configured(subscription_cancel={"enabled": True, "mode": "immediately"}))
        assert "Your subscription ends immediately." in text_of(browser.get(f"{here}/cancel/{subscription}"))
        browser.post(f"{here}/cancel/{subscription}")
        assert api.subscriptions.retrieve(subscription).status == "canceled"
        assert "You have no subscription." in text_of(browser.get(here))


class TestChangingTheCard:
    def test_saves_the_card(self, api, browser, portal, buyer, subscribe):
        subscribe()
        here = portal()
        answer = browser.post(f"{here}/card", data=CARD | {"number": "5555 5555 5555 4444", "expiry": "7/31"})
        assert answer.headers["Location"] == f"{here}?done=card"
        words = text_of(browser.get(f"{here}?done=card"))
        assert "Your card is changed." in words
        assert "Mastercard ending in 4444, expires 07/2031" in words
        default = api.customers.retrieve(buyer).invoice_settings.default_payment_method
        assert api.payment_methods.retrieve(default).billing_details.name == "Ada Lovelace"

    def test_fills_in_a_test_card(self, browser, portal):
        page = browser.post(f"{portal()}/card", data={"fill": "4242424242424242", "name": "Ada"})
        assert value_of(page, "number") == "4242 4242 4242 4242"
        assert value_of(page, "name") == "Ada"

    def test_keeps_the_typed_values_when_declined(self, api, browser, portal, buyer):
        page = browser.post(f"{portal()}/card", data=CARD | {"number": "4000000000000002"})
        assert page.status_code == 402
        assert "Your card was declined." in text_of(page)
        assert value_of(page, "name") == "Ada Lovelace"
        assert api.payment_methods.list({"customer": buyer}).data == []

    def test_shows_3d_secure(self, browser, portal):
        here = portal()
        typed = CARD | {"number": "4000002500003155"}
        page = browser.post(f"{here}/card", data=typed)
        assert "3-D Secure" in text_of(page)
        assert "Your new card , $0.00 due today, with the card ending in 3155" in text_of(page)
        failed = browser.post(f"{here}/card", data=typed | {"authentication": "fail"})
        assert (failed.status_code, "We are unable to authenticate" in text_of(failed)) == (402, True)
        assert browser.post(f"{here}/card", data=typed | {"authentication": "complete"}).status_code == 303


class TestFlows:
    def flow(self, kind, **after):
        completion = {"after_completion": after} if after else {}
        return {"flow_data": {"type": kind, **completion}}

    def test_opens_at_the_card_form_and_returns_to_the_account(self, browser, portal):
        here = portal(**self.flow("payment_method_update"))
        assert browser.get(here).headers["Location"] == f"{here}/card"
        assert f'<a class="back" href="{RETURN_URL}">' in browser.get(f"{here}/card").text
        assert browser.post(f"{here}/card", data=CARD).headers["Location"] == f"{here}?done=card"
        assert "Your card is changed." in text_of(browser.get(f"{here}?done=card"))

    def test_redirects_to_the_shop(self, browser, portal, subscribe):
        subscription = subscribe()
        flow = self.flow("subscription_cancel", type="redirect", redirect={"return_url": "https://shop.example/bye"})
        flow["flow_data"]["subscription_cancel"] = {"subscription": subscription}
        here = portal(**flow)
        where = browser.get(here).headers["Location"]
        assert where == f"{here}/cancel/{subscription}"
        assert browser.post(where).headers["Location"] == "https://shop.example/bye"

    def test_shows_the_hosted_confirmation(self, browser, portal):
        after = {"type": "hosted_confirmation", "hosted_confirmation": {"custom_message": "See you soon."}}
        page = browser.post(f"{portal(**self.flow('payment_method_update', **after))}/card", data=CARD)
        assert "Your card is changed See you soon. Continue" in text_of(page)
