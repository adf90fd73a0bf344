"""What a session asks the buyer, and what becomes of the answers."""

import pytest

from tests.sandbox.shop import SUCCESS_URL, error_of

ADDRESS = {"country": "GB", "line1": "1 St James's Square", "city": "London", "postal_code": "SW1Y 4JH"}
WHOLE_ADDRESS = {**ADDRESS, "line2": None, "state": None}
SIZE = {
    "key": "size",
    "label": {"type": "custom", "custom": "Size"},
    "type": "dropdown",
    "dropdown": {
        "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
        "default_value": "s",
    },
}
ENGRAVING = {
    "key": "engraving",
    "label": {"type": "custom", "custom": "Engraving"},
    "type": "text",
    "optional": True,
    "text": {"maximum_length": 5},
}
BADGE = {
    "key": "badge",
    "label": {"type": "custom", "custom": "Badge"},
    "type": "numeric",
    "numeric": {"minimum_length": 3},
}


@pytest.fixture
def refused(shop):
    """Create a session with options, pay it, and return status, message and param of the refusal."""

    def pay(options, **choices):
        status, error = shop.refusal(shop.session(**options), **choices)
        return status, error["message"], error["param"]

    return pay


class TestCustomFields:
    def test_are_asked_without_answers(self, shop):
        session = shop.session(custom_fields=[SIZE, ENGRAVING])

        assert session.to_dict()["custom_fields"] == [
            {
                "key": "size",
                "label": {"custom": "Size", "type": "custom"},
                "optional": False,
                "dropdown": {
                    "default_value": "s",
                    "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
                    "value": None,
                },
                "type": "dropdown",
            },
            {
                "key": "engraving",
                "label": {"custom": "Engraving", "type": "custom"},
                "optional": True,
                "text": {"default_value": None, "maximum_length": 5, "minimum_length": None, "value": None},
                "type": "text",
            },
        ]

    def test_keep_the_answers(self, shop):
        session = shop.session(custom_fields=[SIZE, ENGRAVING, BADGE])

        paid = shop.pay(session, custom_fields={"size": "l", "badge": "0042"})

        assert paid.custom_fields[0].dropdown.value == "l"
        assert paid.custom_fields[1].text.value is None
        assert paid.custom_fields[2].numeric.value == "0042"

    @pytest.mark.parametrize(
        ("field", "answers", "message"),
        [
            (SIZE, {}, "Size is required."),
            (SIZE, {"size": "xl"}, "Size must be one of the options."),
            (ENGRAVING, {"engraving": "Lovelace"}, "Engraving must have at most 5 characters."),
            (BADGE, {"badge": "12"}, "Badge must have at least 3 characters."),
            (BADGE, {"badge": "12a"}, "Badge must have digits only."),
        ],
    )
    def test_refuse_an_unfit_answer(self, shop, refused, field, answers, message):
        outcome = refused({"custom_fields": [field]}, custom_fields=answers)

        assert outcome == (400, message, f"custom_fields[{field['key']}]")
        assert shop.api.subscriptions.list().data == []

    @pytest.mark.parametrize(
        ("fields", "param"),
        [
            ([SIZE] * 4, "custom_fields"),
            ([SIZE, SIZE], "custom_fields"),
            ([{**SIZE, "key": "a b"}], "custom_fields[0][key]"),
            ([{**SIZE, "text": {}}, ENGRAVING], None),
            ([{**ENGRAVING, "text": {"maximum_length": 256}}], "custom_fields[0][text][maximum_length]"),
            ([{**ENGRAVING, "type": "dropdown"}], "custom_fields[0][text]"),
            ([{**SIZE, "label": {"type": "custom", "custom": "x" * 51}}], "custom_fields[0][label][custom]"),
        ],
    )
    def test_are_checked_when_the_session_is_created(self, shop, fields, param):
        if param is None:  # An empty object can't be sent.
            assert shop.session(custom_fields=fields).status == "open"
        else:
            assert error_of(shop.session, custom_fields=fields).param == param


class TestConsent:
    def test_is_kept(self, shop):
        session = shop.session(consent_collection={"terms_of_service": "required", "promotions": "auto"})
        assert session.consent is None

        paid = shop.pay(session, terms_of_service=True)

        assert paid.consent.to_dict() == {"promotions": "opt_out", "terms_of_service": "accepted"}

    def test_to_the_terms_is_required(self, refused):
        outcome = refused({"consent_collection": {"terms_of_service": "required"}}, promotions=True)
        assert outcome == (400, "Please accept the terms of service.", "terms_of_service")


class TestContact:
    def test_of_a_new_customer_is_saved(self, shop):
        session = shop.session(phone_number_collection={"enabled": True}, billing_address_collection="required")

        paid = shop.pay(session, phone="+44 20 7946 0000", address=ADDRESS, name="Ada", email="ada@example.com")

        customer = shop.api.customers.retrieve(paid.customer)
        assert (customer.phone, customer.name) == ("+44 20 7946 0000", "Ada")
        assert customer.address.to_dict() == WHOLE_ADDRESS
        assert paid.customer_details.phone == "+44 20 7946 0000"
        assert paid.customer_details.address.to_dict() == WHOLE_ADDRESS

    @pytest.mark.parametrize(
        ("options", "answers", "param"),
        [
            ({"phone_number_collection": {"enabled": True}}, {}, "phone"),
            ({"billing_address_collection": "required"}, {}, "address[country]"),
            ({"billing_address_collection": "required"}, {"address": {"country": "GB"}}, "address[line1]"),
            (
                {"shipping_address_collection": {"allowed_countries": ["FR"]}},
                {"shipping": {**ADDRESS, "name": "Ada"}},
                "shipping[country]",
            ),
        ],
    )
    def test_is_required_where_the_session_asks(self, refused, options, answers, param):
        status, _message, named = refused(options, **answers)
        assert (status, named) == (400, param)

    def test_leaves_an_existing_customer_alone(self, shop):
        session = shop.session(customer=shop.customer(), billing_address_collection="required")

        paid = shop.pay(session, address=ADDRESS, name="Countess")

        customer = shop.api.customers.retrieve(paid.customer)
        assert (customer.name, customer.address) == ("Ada", None)
        assert (paid.customer_details.name, paid.customer_details.address.city) == ("Ada", "London")

    def test_updates_the_customer_if_the_seller_wants(self, shop):
        session = shop.session(
            customer=shop.customer(),
            billing_address_collection="required",
            shipping_address_collection={"allowed_countries": ["GB"]},
            customer_update={"address": "auto", "name": "auto", "shipping": "auto"},
        )

        paid = shop.pay(session, address=ADDRESS, name="Countess", shipping={**ADDRESS, "name": "Butler"})

        customer = shop.api.customers.retrieve(paid.customer)
        assert customer.name == "Countess"
        assert customer.address.to_dict() == WHOLE_ADDRESS
        assert customer.shipping.to_dict() == {"address": WHOLE_ADDRESS, "name": "Butler", "phone": None}
        assert paid.collected_information.shipping_details.name == "Butler"

    @pytest.mark.parametrize(
        ("options", "param"),
        [
            ({"customer_update": {"name": "auto"}}, "customer_update"),
            ({"saved_payment_method_options": {"payment_method_save": "enabled"}}, "saved_payment_method_options"),
        ],
    )
    def test_options_of_a_customer_need_one(self, shop, options, param):
        assert error_of(shop.session, **options).param == param


class TestQuantities:
    @pytest.fixture
    def adjustable(self, shop):
        """Create a session for seats, of which the buyer may have 2 to 10."""

        def make(*, quantity=2, limits=None, **choices):
            line = {
                "price": shop.price(),
                "quantity": quantity,
                "adjustable_quantity": {
                    "enabled": True,
                    **({"minimum": 2, "maximum": 10} if limits is None else limits),
                },
            }
            given = {
                "mode": "subscription",
                "line_items": [line],
                "success_url": SUCCESS_URL,
                "expand": ["line_items"],
            }
            return shop.api.checkout.sessions.create(given | choices)

        return make

    def test_are_shown_on_the_line(self, adjustable):
        [line] = adjustable().line_items.data
        assert line.adjustable_quantity.to_dict() == {"enabled": True, "maximum": 10, "minimum": 2}

    def test_default_to_at_most_99(self, adjustable):
        [line] = adjustable(limits={}).line_items.data
        assert line.adjustable_quantity.to_dict() == {"enabled": True, "maximum": 99, "minimum": 0}

    def test_are_bought_as_chosen(self, shop, adjustable):
        session = adjustable()

        paid = shop.pay(session, quantities={session.line_items.data[0].id: 5})

        assert (paid.amount_subtotal, paid.amount_total) == (9500, 9500)
        subscription = shop.subscription(paid.subscription)
        assert subscription["items"].data[0].quantity == 5
        [invoice] = shop.invoices(subscription)
        assert invoice.amount_paid == 9500

    def test_keep_the_discount(self, shop, adjustable, coupon):
        session = adjustable(discounts=[{"coupon": coupon()}])

        paid = shop.pay(session, quantities={session.line_items.data[0].id: 4})

        assert (paid.amount_subtotal, paid.amount_total, paid.total_details.amount_discount) == (7600, 3800, 3800)

    @pytest.mark.parametrize("quantity", [1, 11])
    def test_are_kept_in_their_limits(self, shop, adjustable, quantity):
        session = adjustable()
        item = session.line_items.data[0].id

        status, error = shop.refusal(session, quantities={item: quantity})

        assert (status, error["message"]) == (400, "The quantity must be from 2 to 10.")
        assert error["param"] == f"quantities[{item}]"
        assert shop.api.checkout.sessions.retrieve(session.id).amount_total == 3800

    def test_need_the_sellers_leave(self, shop):
        session = shop.session(expand=["line_items"])
        status, error = shop.refusal(session, quantities={session.line_items.data[0].id: 2})
        assert (status, error["message"]) == (400, "The quantity of this item can't be changed.")

    @pytest.mark.parametrize(
        ("limits", "param"),
        [
            ({"minimum": 3, "maximum": 2}, "line_items[0][adjustable_quantity][maximum]"),
            ({"minimum": 3, "maximum": 9}, "line_items[0][adjustable_quantity][minimum]"),
        ],
    )
    def test_limits_are_checked(self, adjustable, limits, param):
        assert error_of(adjustable, limits=limits).param == param
