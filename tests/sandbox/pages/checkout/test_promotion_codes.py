"""Promotion codes on the checkout page: applied, refused, removed; the typed values are kept."""

import pytest

from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import DECLINED, TYPED, path

DAY = 86_400
APPLY = {"promotion": "apply"}


@pytest.fixture
def code(api):
    def make(limits=None, **choices):
        amount = {} if "amount_off" in choices else {"percent_off": 50}
        coupon = api.coupons.create({**amount, **choices}).id
        given = {"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING", **(limits or {})}
        return api.promotion_codes.create(given).id

    return make


@pytest.fixture
def session(open_session):
    return open_session(allow_promotion_codes=True)


def amounts(api, session):
    now = api.checkout.sessions.retrieve(session.id)
    return now.amount_subtotal, now.total_details.amount_discount, now.amount_total


class TestTheField:
    def test_is_shown_if_codes_are_allowed(self, browser, session, open_session):
        page = browser.get(path(session))
        assert '<label for="promotion_code">Promotion code</label>' in page.text
        assert '<button name="promotion" value="apply" form="pay" formnovalidate>Apply</button>' in page.text
        assert "Promotion code" not in browser.get(path(open_session())).text

    def test_enter_pays_and_does_not_apply_the_code(self, browser, session):
        page = browser.get(path(session)).text
        first = page.index('<button class="visually-hidden" form="pay" formnovalidate tabindex="-1"')
        assert first < page.index('name="promotion" value="apply"')


class TestApplying:
    def test_reduces_the_amount_and_keeps_the_typed_values(self, api, browser, session, code):
        code()
        page = browser.post(path(session), data=TYPED | APPLY | {"promotion_code": " spring "})
        words = text_of(page)
        assert page.status_code == 200
        assert "SPRING 50% off the first payment \N{MINUS SIGN}$9.50" in words
        assert "Total due today $9.50" in words
        assert "Renews at $19.00 per month until it is cancelled." in words
        assert "SPRING is applied. Remove" in words
        assert {name: value_of(page, name) for name in TYPED} == TYPED
        assert amounts(api, session) == (1900, 950, 950)

    def test_happens_before_anything_is_paid(self, api, browser, session, code):
        code()
        page = browser.post(path(session), data=TYPED | {"promotion_code": "SPRING"})
        assert "Total due today $9.50" in text_of(page)
        assert api.checkout.sessions.retrieve(session.id).status == "open"

    def test_is_paid_at_the_lower_price(self, api, browser, session, code):
        spring = code(duration="forever")
        browser.post(path(session), data=APPLY | {"promotion_code": "SPRING"})
        answer = browser.post(path(session), data=TYPED)
        assert answer.status_code == 303
        paid = api.checkout.sessions.retrieve(session.id, {"expand": ["invoice", "subscription"]})
        assert (paid.amount_total, paid.invoice.amount_paid) == (950, 950)
        assert len(paid.subscription.discounts) == 1
        assert api.promotion_codes.retrieve(spring).times_redeemed == 1

    def test_survives_a_declined_card(self, api, browser, session, code):
        code()
        browser.post(path(session), data=APPLY | {"promotion_code": "SPRING"})
        page = browser.post(path(session), data=DECLINED)
        assert "Your card was declined." in text_of(page)
        assert "Total due today $9.50" in text_of(page)

    def test_asks_for_no_card_when_nothing_is_left_to_pay(self, api, browser, open_session, make_price, code):
        code(percent_off=100)
        session = open_session(make_price(), mode="payment", allow_promotion_codes=True)
        page = browser.post(path(session), data=APPLY | {"promotion_code": "SPRING"})
        assert "Card number" not in page.text
        assert "Complete order" in text_of(page)
        assert browser.post(path(session), data={"email": "ada@example.com"}).status_code == 303
        assert api.checkout.sessions.retrieve(session.id).payment_status == "no_payment_required"


class TestRemoving:
    def test_restores_the_full_price(self, api, browser, session, code):
        code()
        browser.post(path(session), data=APPLY | {"promotion_code": "SPRING"})
        page = browser.post(path(session), data=TYPED | {"promotion": "remove"})
        assert "Total due today $19.00" in text_of(page)
        assert "SPRING" not in page.text
        assert value_of(page, "number") == TYPED["number"]
        assert amounts(api, session) == (1900, 0, 1900)

    def test_is_not_offered_for_the_sellers_discount(self, api, browser, open_session, code):
        session = open_session(discounts=[{"promotion_code": code()}])
        page = browser.get(path(session))
        assert "SPRING 50% off the first payment \N{MINUS SIGN}$9.50" in text_of(page)
        assert "Remove" not in page.text
        browser.post(path(session), data={"promotion": "remove"})
        assert amounts(api, session) == (1900, 950, 950)


class TestRefusals:
    def refused(self, browser, session, **typed):
        page = browser.post(path(session), data=TYPED | APPLY | typed)
        assert page.status_code == 402
        assert 'aria-invalid="true" aria-describedby="refusal" autofocus' in page.text
        assert value_of(page, "number") == TYPED["number"]
        return text_of(page), value_of(page, "promotion_code")

    def test_says_that_the_code_is_unknown(self, api, browser, session):
        words, typed = self.refused(browser, session, promotion_code="WINTER")
        assert "This code is invalid." in words
        assert typed == "WINTER"
        assert amounts(api, session) == (1900, 0, 1900)

    def test_says_that_nothing_was_typed(self, browser, session):
        words, _ = self.refused(browser, session, promotion_code=" ")
        assert "Enter a promotion code first." in words

    def test_says_that_a_code_has_expired(self, sandbox, browser, session, code):
        code({"expires_at": sandbox.account.clock.now() + DAY // 2})
        with sandbox.account.transaction():
            sandbox.move_time(sandbox.account.now + DAY // 2)
        words, _ = self.refused(browser, session, promotion_code="SPRING")
        assert "This promotion code has expired." in words

    def test_says_that_a_code_is_used_up(self, browser, session, open_session, code):
        spring = code({"max_redemptions": 1})
        browser.post(path(open_session(discounts=[{"promotion_code": spring}])), data=TYPED)
        words, _ = self.refused(browser, session, promotion_code="SPRING")
        assert "it has been used the maximum number of times." in words

    def test_removes_a_code_that_was_used_up_before_payment(self, api, browser, session, open_session, code):
        spring = code({"max_redemptions": 1})
        browser.post(path(session), data=APPLY | {"promotion_code": "SPRING"})
        browser.post(path(open_session(discounts=[{"promotion_code": spring}])), data=TYPED)
        page = browser.post(path(session), data=TYPED)
        assert page.status_code == 402
        assert "it has been used the maximum number of times." in text_of(page)
        assert "Total due today $19.00" in text_of(page)
        assert amounts(api, session) == (1900, 0, 1900)

    def test_escapes_the_typed_code(self, browser, session):
        page = browser.post(path(session), data=APPLY | {"promotion_code": '"><script>'})
        assert "<script" not in page.text
        assert value_of(page, "promotion_code") == '"><script>'


class TestTerms:
    @pytest.mark.parametrize(
        ("terms", "texts"),
        [
            ({"duration": "forever"}, ["SPRING 50% off \N{MINUS SIGN}$9.50", "Renews at $9.50 per month until it"]),
            (
                {"duration": "repeating", "duration_in_months": 3},
                [
                    "SPRING 50% off for 3 months \N{MINUS SIGN}$9.50",
                    "Renews at $9.50 per month until April 15, 2027, then $19.00 per month until it",
                ],
            ),
            (
                {"duration": "repeating", "duration_in_months": 1},
                ["SPRING 50% off for 1 month \N{MINUS SIGN}$9.50", "Renews at $19.00 per month until it"],
            ),
            (
                {"amount_off": 500, "currency": "usd"},
                ["SPRING $5.00 off the first payment \N{MINUS SIGN}$5.00", "Renews at $19.00 per month until it"],
            ),
            (
                {"percent_off": 25.5, "duration": "forever"},
                ["SPRING 25.5% off \N{MINUS SIGN}$4.85", "Renews at $14.15 per month until it"],
            ),
        ],
    )
    def test_are_shown_as_text(self, browser, open_session, code, terms, texts):
        words = text_of(browser.get(path(open_session(discounts=[{"promotion_code": code(**terms)}]))))
        assert [phrase for phrase in texts if phrase not in words] == []

    def test_count_from_the_end_of_a_trial(self, browser, open_session, code):
        session = open_session(discounts=[{"promotion_code": code()}], subscription_data={"trial_period_days": 14})
        words = text_of(browser.get(path(session)))
        assert "Free until January 29, 2027, then $9.50 per month once, then $19.00 per month until" in words

    def test_name_a_coupon_that_has_no_code(self, api, browser, open_session):
        coupon = api.coupons.create({"percent_off": 10, "name": "Early bird"}).id
        words = text_of(browser.get(path(open_session(discounts=[{"coupon": coupon}]))))
        assert "Early bird 10% off the first payment \N{MINUS SIGN}$1.90" in words
