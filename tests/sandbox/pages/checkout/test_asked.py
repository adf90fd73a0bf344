"""The fields of the checkout page besides the card."""

import pytest

from tests.sandbox.checkout.asked.test_answers import BADGE, ENGRAVING, SIZE
from tests.sandbox.pages.page_text import text_of, value_of
from tests.sandbox.pages.typed_fields import TYPED, path

ADDRESS = {"address_country": "GB", "address_line1": "1 St James's Square", "address_city": "London"}
EVERYTHING = {
    "billing_address_collection": "required",
    "consent_collection": {"terms_of_service": "required", "promotions": "auto"},
    "custom_fields": [SIZE, ENGRAVING, BADGE],
    "custom_text": {"submit": {"message": "You can cancel any time."}},
    "phone_number_collection": {"enabled": True},
    "shipping_address_collection": {"allowed_countries": ["GB", "FR"]},
}
ANSWERS = {
    **TYPED,
    **ADDRESS,
    "field_size": "l",
    "field_badge": "123",
    "phone": "+44 20 7946 0000",
    "shipping_name": "Butler",
    "shipping_country": "GB",
    "shipping_line1": "2 St James's Square",
    "shipping_city": "London",
    "terms": "on",
}


@pytest.fixture
def everything(open_session):
    return open_session(**EVERYTHING)


@pytest.fixture
def answered(browser, everything):
    """Post the form with all answers, except the given ones; None leaves one out."""

    def post(**changes):
        data = {name: value for name, value in (ANSWERS | changes).items() if value is not None}
        return browser.post(path(everything), data=data)

    return post


class TestQuestions:
    def test_are_shown(self, browser, everything):
        page = browser.get(path(everything))
        words = text_of(page)
        for label in ("Phone", "Shipping address", "Billing address", "Size", "Engraving optional", "Badge"):
            assert label in words
        assert "I agree to the terms of service." in words
        assert "Send me news and offers" in words
        assert "You can cancel any time." in words
        assert '<option value="s" selected>Small</option>' in page.text
        assert '<option value="GB">United Kingdom</option>' in page.text

    def test_are_not_shown_unless_asked(self, browser, open_session):
        words = text_of(browser.get(path(open_session())))
        assert "Phone" not in words
        assert "address" not in words.replace("Email address", "")

    def test_are_answered(self, api, browser, everything):
        answer = browser.post(path(everything), data=ANSWERS)

        assert answer.status_code == 303
        paid = api.checkout.sessions.retrieve(everything.id)
        assert paid.custom_fields[0].dropdown.value == "l"
        assert paid.consent.to_dict() == {"promotions": "opt_out", "terms_of_service": "accepted"}
        assert paid.customer_details.phone == "+44 20 7946 0000"
        assert paid.customer_details.address.line1 == "1 St James's Square"
        assert paid.collected_information.shipping_details.name == "Butler"

    @pytest.mark.parametrize(
        ("field", "wrong", "message"),
        [
            ("phone", "none", "Your phone number is incomplete."),
            ("field_size", "", "Size is required."),
            ("field_badge", "x", "Badge must have digits only."),
            ("address_city", "", "Your city is incomplete."),
            ("shipping_name", "", "The name of the recipient is incomplete."),
            ("shipping_country", "US", "We do not ship to US."),
            ("terms", None, "Please accept the terms of service."),
        ],
    )
    def test_mark_a_wrong_answer(self, api, answered, field, wrong, message):
        page = answered(**{field: wrong})

        assert page.status_code == 402
        assert message in text_of(page)
        assert page.text.count('aria-invalid="true"') == 1
        assert value_of(page, "email") == TYPED["email"]
        assert api.checkout.sessions.list({"status": "complete"}).data == []

    def test_survive_3d_secure(self, api, browser, everything):
        secure = ANSWERS | {"number": "4000002500003155"}
        assert "3-D Secure" in text_of(browser.post(path(everything), data=secure))

        answer = browser.post(path(everything), data=secure | {"authentication": "complete"})

        assert answer.status_code == 303
        assert api.checkout.sessions.retrieve(everything.id).custom_fields[2].numeric.value == "123"


class TestQuantity:
    @pytest.fixture
    def seats(self, api, make_price):
        line = {
            "price": make_price(recurring={"interval": "month"}),
            "quantity": 2,
            "adjustable_quantity": {"enabled": True, "minimum": 1, "maximum": 5},
        }
        return api.checkout.sessions.create(
            {
                "mode": "subscription",
                "line_items": [line],
                "success_url": "https://shop.example/thanks",
                "expand": ["line_items"],
            }
        )

    @pytest.fixture
    def field(self, seats):
        return f"quantity_{seats.line_items.data[0].id}"

    def test_is_shown(self, browser, seats, field):
        page = browser.get(path(seats))
        assert value_of(page, field) == "2"
        assert "Total due today $38.00" in text_of(page)

    def test_is_changed(self, browser, seats, field):
        page = browser.post(path(seats), data=TYPED | {field: "3", "update": "quantities"})
        assert page.status_code == 200
        assert "The total has changed." in text_of(page)
        assert "Total due today $57.00" in text_of(page)
        assert value_of(page, "email") == TYPED["email"]

    def test_is_shown_before_it_is_paid(self, api, browser, seats, field):
        page = browser.post(path(seats), data=TYPED | {field: "3"})
        assert "Total due today $57.00" in text_of(page)
        assert api.checkout.sessions.retrieve(seats.id).status == "open"

        assert browser.post(path(seats), data=TYPED | {field: "3"}).status_code == 303
        assert api.checkout.sessions.retrieve(seats.id).amount_total == 5700

    @pytest.mark.parametrize(
        ("typed", "message"),
        [("6", "The quantity must be from 1 to 5."), ("two", "The quantity must be a whole number.")],
    )
    def test_is_checked(self, browser, seats, field, typed, message):
        page = browser.post(path(seats), data=TYPED | {field: typed, "update": "quantities"})
        assert page.status_code == 402
        assert message in text_of(page)
        assert "Total due today $38.00" in text_of(page)


class TestButton:
    @pytest.mark.parametrize(
        ("submit_type", "label"),
        [("donate", "Donate $19.00"), ("book", "Book for $19.00"), ("pay", "Pay $19.00")],
    )
    def test_says_what_it_does(self, browser, open_session, make_price, submit_type, label):
        session = open_session(make_price(), mode="payment", submit_type=submit_type)
        assert f'<button class="primary">{label}</button>' in browser.get(path(session)).text
