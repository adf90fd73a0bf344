"""The API of coupons: their terms, and the parameters that Stripe refuses."""

import pytest
import stripe

from tests.sandbox.shop import NOW

DAY = 86_400
PAST = (
    "The parameter `{}` expects a unix timestamp representing a date and time in the future. You specified the value "
    "`1000` which is in the past."
)
FIVE_YEARS = 5 * 365 * DAY


class TestCreate:
    def test_takes_a_percentage_off_once_by_default(self, shop):
        coupon = shop.api.coupons.create({"percent_off": 22.5})

        assert (coupon.percent_off, coupon.amount_off, coupon.currency) == (22.5, None, None)
        assert (coupon.duration, coupon.duration_in_months) == ("once", None)
        assert (coupon.valid, coupon.times_redeemed, coupon.max_redemptions) == (True, 0, None)
        assert len(coupon.id) == 8
        assert shop.api.coupons.retrieve(coupon.id).to_dict() == coupon.to_dict()

    def test_takes_an_amount_off_for_some_months(self, shop):
        coupon = shop.api.coupons.create(
            {
                "id": "FIVE",
                "name": "Five off",
                "amount_off": 500,
                "currency": "USD",
                "duration": "repeating",
                "duration_in_months": 3,
                "metadata": {"campaign": "spring"},
            }
        )

        assert (coupon.id, coupon.name, coupon.amount_off, coupon.currency) == ("FIVE", "Five off", 500, "usd")
        assert (coupon.duration, coupon.duration_in_months) == ("repeating", 3)
        assert coupon.metadata.to_dict() == {"campaign": "spring"}

    def test_shows_its_products_when_asked(self, shop):
        product = shop.api.products.create({"name": "Pro"}).id
        coupon = shop.api.coupons.create({"percent_off": 10, "applies_to": {"products": [product]}})

        asked = shop.api.coupons.retrieve(coupon.id, {"expand": ["applies_to"]})

        assert "applies_to" not in coupon
        assert asked.applies_to.products == [product]

    def test_records_its_life(self, shop):
        coupon = shop.api.coupons.create({"percent_off": 10}).id
        shop.api.coupons.update(coupon, {"name": "Ten off"})
        shop.api.coupons.update(coupon, {"name": "Ten off"})
        shop.api.coupons.delete(coupon)

        assert shop.new_types() == ["coupon.created", "coupon.updated", "coupon.deleted"]
        assert shop.events()[-1]["data"]["object"]["valid"] is False

    @pytest.mark.parametrize(
        ("given", "message", "code", "param"),
        [
            ({}, "Must provide percent_off or amount_off.", "parameter_missing", None),
            (
                {"percent_off": 10, "amount_off": 500, "currency": "usd"},
                "Received both percent_off and amount_off parameters. Please pass in only one.",
                None,
                None,
            ),
            ({"amount_off": 500}, "You must pass currency when passing amount_off", None, "currency"),
            (
                {"percent_off": 10, "duration": "repeating"},
                "The duration_in_months param must be set when creating a coupon with a repeating duration",
                None,
                "duration",
            ),
            (
                {"percent_off": 0},
                "This value must be greater than or equal to 0.01 (it currently is '0').",
                None,
                "percent_off",
            ),
            (
                {"percent_off": 100.5},
                "This value must be less than or equal to 100 (it currently is '100.5').",
                None,
                "percent_off",
            ),
            (
                {"percent_off": 10, "redeem_by": 1000},
                PAST.format("redeem_by"),
                None,
                "redeem_by",
            ),
            (
                {"percent_off": 10, "redeem_by": NOW + FIVE_YEARS + 1},
                "Invalid timestamp: can be no more than five years in the future.",
                None,
                "redeem_by",
            ),
            (
                {"percent_off": 10, "max_redemptions": 0},
                "This value must be greater than or equal to 1.",
                "parameter_invalid_integer",
                "max_redemptions",
            ),
            (
                {"percent_off": 10, "applies_to": {"products": ["prod_none"]}},
                "No such product: 'prod_none'",
                "resource_missing",
                "applies_to[products][0]",
            ),
        ],
    )
    def test_refuses_in_stripe_s_words(self, shop, given, message, code, param):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            shop.api.coupons.create(given)

        assert (refused.value.user_message, refused.value.code, refused.value.param) == (message, code, param)
        assert shop.api.coupons.list().data == []

    def test_refuses_an_id_that_is_taken(self, shop):
        shop.api.coupons.create({"id": "TEN", "percent_off": 10})

        with pytest.raises(stripe.InvalidRequestError, match=r"^Request req_\w+: Coupon already exists\.$") as refused:
            shop.api.coupons.create({"id": "TEN", "percent_off": 20})

        assert refused.value.code == "resource_already_exists"


class TestLife:
    def test_is_not_valid_after_its_last_day(self, shop):
        coupon = shop.api.coupons.create({"percent_off": 10, "redeem_by": NOW + DAY}).id

        shop.move_to(NOW + DAY - 1)
        assert shop.api.coupons.retrieve(coupon).valid is True
        shop.move_to(NOW + DAY)
        assert shop.api.coupons.retrieve(coupon).valid is False

    def test_is_gone_when_it_is_deleted_and_its_id_is_free(self, shop):
        shop.api.coupons.create({"id": "TEN", "percent_off": 10})

        assert shop.api.coupons.delete("TEN").to_dict() == {"id": "TEN", "object": "coupon", "deleted": True}

        with pytest.raises(stripe.InvalidRequestError, match="No such coupon: 'TEN'"):
            shop.api.coupons.retrieve("TEN")
        shop.api.coupons.create({"id": "TEN", "percent_off": 20})
        assert [(coupon.id, coupon.percent_off) for coupon in shop.api.coupons.list()] == [("TEN", 20)]
