import re

import pytest

from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import DECLINED, TYPED, path
from tests.wording import starting


class TestThePage:
    def test_says_that_no_money_is_charged(self, browser, open_session):
        page = browser.get(path(open_session()))
        assert page.status_code == 200
        assert text_of(page) == starting("Sandbox \N{EN DASH} no real money")

    def test_forbids_scripts_and_caching(self, browser, open_session):
        page = browser.get(path(open_session()))
        assert "<script" not in page.text
        assert "style=" not in page.text
        assert page.headers["Content-Security-Policy"] == starting("default-src 'none'; style-src 'self'")
        assert page.headers["Cache-Control"] == "no-store"

    def test_serves_its_stylesheet(self, browser):
        sheet = browser.get("/static/sandbox.css")
        assert (sheet.status_code, sheet.mimetype) == (200, "text/css")

    def test_shows_a_subscription(self, browser, open_session, make_price):
        page = browser.get(
            path(open_session(make_price(recurring={"interval": "month", "interval_count": 3}), quantity=2))
        )
        words = text_of(page)
        assert "Subscribe to Pro $38.00 every 3 months" in words
        assert "Pro Qty 2 · $19.00 every 3 months each $38.00" in words
        assert "Total due today $38.00" in words
        assert "Renews at $38.00 every 3 months until it is cancelled." in words
        assert '<button class="primary">Subscribe</button>' in page.text

    def test_shows_a_trial(self, browser, open_session):
        words = text_of(browser.get(path(open_session(subscription_data={"trial_period_days": 14}))))
        assert "Try Pro $19.00 per month 14 days free" in words
        assert "Total due today $0.00" in words
        assert "Free until January 29, 2027, then $19.00 per month until it is cancelled." in words
        assert "Card number" in words
        assert "Start trial" in words

    def test_shows_a_one_time_purchase(self, browser, open_session, make_price):
        page = browser.get(path(open_session(make_price(2500, "jpy", name="Handbook"), mode="payment")))
        assert "Handbook ¥2,500 Handbook ¥2,500 Total due today ¥2,500" in text_of(page)
        assert "Pay ¥2,500" in text_of(page)
        assert "until it is cancelled" not in page.text

    def test_shows_several_lines(self, browser, open_session, make_price):
        both = open_session(make_price(recurring={"interval": "year"}), make_price(5000, name="Workshop"))
        words = text_of(browser.get(path(both)))
        assert "Subscribe to Pro and 1 more $19.00 per year" in words
        assert "Workshop $50.00 Total due today $69.00" in words

    def test_shows_fractions_of_a_cent(self, browser, api, open_session):
        product = api.products.create({"name": "Call"})
        tiny = api.prices.create({"product": product.id, "currency": "usd", "unit_amount_decimal": "0.5"})
        words = text_of(browser.get(path(open_session(tiny.id, mode="payment", quantity=300))))
        assert "Call Qty 300 · $0.005 each $1.50 Total due today $1.50" in words

    def test_escapes_the_product_name(self, browser, open_session, make_price):
        page = browser.get(path(open_session(make_price(name="<script>alert(1)</script>"), mode="payment")))
        assert "<script" not in page.text
        assert "<script>alert(1)</script>" in text_of(page)

    def test_links_back_to_the_shop(self, browser, open_session):
        assert '<a class="back" href="https://shop.example/plans">' in browser.get(path(open_session())).text

    def test_asks_no_card_for_a_free_order(self, browser, open_session, make_price):
        page = browser.get(path(open_session(make_price(0), mode="payment")))
        assert "Card number" not in page.text
        assert "Test cards" not in page.text
        assert "Complete order" in page.text

    def test_asks_no_card_for_a_trial_that_needs_none(self, browser, open_session):
        session = open_session(subscription_data={"trial_period_days": 14}, payment_method_collection="if_required")
        page = browser.get(path(session))
        assert "Card number" not in page.text
        assert "Start trial" in page.text

    def test_labels_every_field(self, browser, open_session):
        page = browser.get(path(open_session()))
        for name, label in [
            ("email", "Email"),
            ("number", "Card number"),
            ("expiry", "Expiry"),
            ("cvc", "CVC"),
            ("name", "Name on card"),
        ]:
            assert f'<label for="{name}">{label}</label>' in page.text
            assert value_of(page, name) == ""

    def test_shows_the_customers_email_address(self, api, browser, open_session):
        customer = api.customers.create({"email": "ada@example.com"})
        page = browser.get(path(open_session(customer=customer.id)))
        assert value_of(page, "email") == "ada@example.com"
        assert 'value="ada@example.com" readonly' in page.text

    def test_shows_the_sessions_email_address(self, browser, open_session):
        page = browser.get(path(open_session(customer_email="grace@example.com")))
        assert value_of(page, "email") == "grace@example.com"


class TestPaying:
    def test_redirects_to_the_shop_with_the_session_id(self, api, browser, open_session):
        session = open_session()
        answer = browser.post(path(session), data=TYPED)
        assert answer.status_code == 303
        assert answer.headers["Location"] == f"https://shop.example/thanks?session={session.id}"
        paid = api.checkout.sessions.retrieve(session.id)
        assert (paid.status, paid.payment_status) == ("complete", "paid")
        assert paid.customer_details.email == "ada@example.com"
        assert api.subscriptions.retrieve(paid.subscription).status == "active"

    def test_takes_a_one_time_payment(self, api, browser, open_session, make_price):
        session = open_session(make_price(), mode="payment")
        assert browser.post(path(session), data=TYPED).status_code == 303
        paid = api.checkout.sessions.retrieve(session.id)
        assert api.payment_intents.retrieve(paid.payment_intent).amount_received == 1900

    def test_starts_a_trial(self, api, browser, open_session):
        session = open_session(subscription_data={"trial_period_days": 14})
        assert browser.post(path(session), data=TYPED).status_code == 303
        paid = api.checkout.sessions.retrieve(session.id)
        assert paid.payment_status == "no_payment_required"
        assert api.subscriptions.retrieve(paid.subscription).status == "trialing"

    def test_needs_only_an_email_address_for_a_free_order(self, api, browser, open_session, make_price):
        session = open_session(make_price(0), mode="payment")
        assert browser.post(path(session), data={"email": "ada@example.com"}).status_code == 303
        assert api.checkout.sessions.retrieve(session.id).status == "complete"

    @pytest.mark.parametrize("expiry", ["12/34", "1234", "12 / 2034", "12-34", " 12 34 "])
    def test_reads_an_expiry_in_several_formats(self, browser, open_session, expiry):
        assert browser.post(path(open_session()), data=TYPED | {"expiry": expiry}).status_code == 303

    def test_fills_in_a_test_card_and_keeps_the_other_fields(self, browser, open_session):
        session = open_session()
        typed = {"email": "ada@example.com", "name": "Ada", "number": "", "expiry": "", "cvc": ""}
        page = browser.post(path(session), data=typed | {"fill": "4242424242424242"})
        assert page.status_code == 200
        assert value_of(page, "number") == "4242 4242 4242 4242"
        assert value_of(page, "expiry") == "12 / 30"
        assert value_of(page, "cvc") == "123"
        assert (value_of(page, "email"), value_of(page, "name")) == ("ada@example.com", "Ada")


class TestRefusals:
    def refused(self, api, browser, session, typed):
        page = browser.post(path(session), data=typed)
        assert page.status_code == 402
        assert api.checkout.sessions.retrieve(session.id).status == "open"
        assert api.subscriptions.list({"status": "all"}).data == []
        return page, re.search(r'role="alert">([^<]*)<', page.text)[1]

    def test_show_the_decline_and_keep_the_typed_values(self, api, browser, open_session):
        page, message = self.refused(api, browser, open_session(), DECLINED)
        assert message == "Your card was declined."
        assert {name: value_of(page, name) for name in DECLINED} == DECLINED

    def test_name_insufficient_funds(self, api, browser, open_session):
        typed = TYPED | {"number": "4000 0000 0000 9995"}
        assert self.refused(api, browser, open_session(), typed)[1] == "Your card has insufficient funds."

    @pytest.mark.parametrize(
        ("wrong", "refusal"),
        [
            ({"number": "4242 4242 4242 4241"}, ("Your card number is incorrect.", "number")),
            ({"number": ""}, ("The card number is not a valid credit card number.", "number")),
            ({"expiry": "12 / 20"}, ("Your card&#39;s expiration year is invalid.", "expiry")),
            ({"expiry": "13 / 30"}, ("Your card&#39;s expiration month is invalid.", "expiry")),
            ({"expiry": "soon"}, ("Your card&#39;s expiration date is incomplete.", "expiry")),
            ({"cvc": "12"}, ("Your card&#39;s security code is invalid.", "cvc")),
            ({"email": "ada"}, ("Your email address is incomplete.", "email")),
            ({"email": ""}, ("Your email address is incomplete.", "email")),
        ],
    )
    def test_mark_the_field(self, api, browser, open_session, wrong, refusal):
        page, message = self.refused(api, browser, open_session(), TYPED | wrong)
        [field] = re.findall(r'<input id="(\w+)"[^>]*aria-invalid="true"', page.text)
        assert (message, field) == refusal

    def test_can_be_followed_by_another_card(self, browser, open_session):
        session = open_session()
        assert browser.post(path(session), data=DECLINED).status_code == 402
        assert browser.post(path(session), data=TYPED).status_code == 303

    def test_cut_overlong_values(self, api, browser, open_session):
        page, _ = self.refused(api, browser, open_session(), TYPED | {"number": "4" * 100_000})
        assert len(value_of(page, "number")) == 500

    def test_of_an_empty_form(self, api, browser, open_session):
        assert self.refused(api, browser, open_session(), {})[1] == "Your email address is incomplete."
