"""The API of promotion codes: their text, restrictions and expiry."""

import pytest
import stripe

from tests.sandbox.shop import NOW

DAY = 86_400
PAST = (
    "The parameter `{}` expects a unix timestamp representing a date and time in the future. You specified the value "
    "`1000` which is in the past."
)
NO_CODE = r"This value must match the regex pattern. (/\A[a-zA-Z0-9\-_]+\z/ does not match for the value {})."


@pytest.fixture
def half_off(shop):
    return shop.api.coupons.create({"percent_off": 50}).id


@pytest.fixture
def make(shop, half_off):
    """Create a code for the given coupon, or for the fixture's."""

    def make(code=None, *, of=half_off, **choices):
        given = {"promotion": {"type": "coupon", "coupon": of}, **({"code": code} if code else {}), **choices}
        return shop.api.promotion_codes.create(given)

    return make


class TestCreate:
    def test_names_its_coupon(self, shop, make, half_off):
        code = make("SPRING", metadata={"campaign": "7"})

        assert (code.code, code.active, code.times_redeemed) == ("SPRING", True, 0)
        assert (code.promotion.type, code.promotion.coupon) == ("coupon", half_off)
        assert code.restrictions.to_dict() == {
            "first_time_transaction": False,
            "minimum_amount": None,
            "minimum_amount_currency": None,
        }
        asked = shop.api.promotion_codes.retrieve(code.id, {"expand": ["promotion.coupon"]})
        assert asked.promotion.coupon.percent_off == 50

    def test_makes_a_text_where_none_is_given(self, make):
        code = make().code

        assert len(code) == 8
        assert code == code.upper()
        assert code.isalnum()

    @pytest.mark.parametrize("other", ["SPRING", "spring", "Spring"])
    def test_refuses_an_active_code_s_text_in_any_case(self, make, other):
        make("SPRING")

        with pytest.raises(
            stripe.InvalidRequestError, match=f"An active promotion code with `code: {other}` already exists"
        ):
            make(other)

    def test_takes_the_text_of_an_inactive_code(self, shop, make):
        first = make("SPRING").id
        shop.api.promotion_codes.update(first, {"active": False})

        second = make("spring").id

        assert second != first
        with pytest.raises(stripe.InvalidRequestError, match="An active promotion code with `code: SPRING` already"):
            shop.api.promotion_codes.update(first, {"active": True})

    def test_tells_customers_apart(self, shop, make):
        ada, eve = shop.customer(), shop.customer()
        make("SPRING", customer=ada)

        make("SPRING", customer=eve)

        with pytest.raises(stripe.InvalidRequestError, match="already exists"):
            make("SPRING", customer=ada)
        with pytest.raises(stripe.InvalidRequestError, match="already exists"):
            make("SPRING")

    @pytest.mark.parametrize(
        ("choices", "message", "param"),
        [
            (
                {"code": "20% off"},
                NO_CODE.format("20% off"),
                "code",
            ),
            (
                {"promotion": {"type": "coupon"}},
                "You must pass promotion.coupon when passing promotion",
                "promotion.coupon",
            ),
            (
                {"promotion": {"type": "coupon", "coupon": "NONE"}},
                "No such coupon: 'NONE'",
                "promotion[coupon]",
            ),
            (
                {"expires_at": 1000},
                PAST.format("expires_at"),
                "expires_at",
            ),
            ({"max_redemptions": 0}, "This value must be greater than or equal to 1.", "max_redemptions"),
            (
                {"restrictions": {"minimum_amount": 1000}},
                "You must pass both `minimum_amount` and `minimum_amount_currency`, or neither.",
                "restrictions[minimum_amount]",
            ),
            ({"customer": "cus_none"}, "No such customer: 'cus_none'", "customer"),
        ],
    )
    def test_refuses_what_is_wrong(self, shop, half_off, choices, message, param):
        given = {"promotion": {"type": "coupon", "coupon": half_off}, **choices}

        with pytest.raises(stripe.InvalidRequestError) as refused:
            shop.api.promotion_codes.create(given)

        assert (refused.value.user_message, refused.value.param) == (message, param)
        assert shop.api.promotion_codes.list().data == []

    def test_keeps_within_the_coupon_s_limits(self, shop, make):
        narrow = shop.api.coupons.create({"percent_off": 10, "max_redemptions": 5, "redeem_by": NOW + DAY}).id

        with pytest.raises(stripe.InvalidRequestError, match="`max_redemptions` cannot be greater than the coupon's"):
            make(of=narrow, max_redemptions=6)
        with pytest.raises(stripe.InvalidRequestError, match="`expires_at` cannot be greater than the coupon's"):
            make(of=narrow, expires_at=NOW + DAY + 1)
        assert make(of=narrow, max_redemptions=5, expires_at=NOW + DAY).active is True

    def test_refuses_a_coupon_that_is_over(self, shop, make):
        over = shop.api.coupons.create({"percent_off": 10, "redeem_by": NOW + DAY}).id
        shop.advance(days=1)

        with pytest.raises(stripe.InvalidRequestError, match=f"Coupon expired: {over}") as refused:
            make(of=over)

        assert refused.value.code == "coupon_expired"


class TestList:
    def test_finds_by_text_in_any_case(self, shop, make):
        spring = make("SPRING").id
        make("AUTUMN")

        assert [code.id for code in shop.api.promotion_codes.list({"code": "spring"})] == [spring]
        assert shop.api.promotion_codes.list({"code": "winter"}).data == []

    def test_filters_by_activity_coupon_and_customer(self, shop, make):
        other = shop.api.coupons.create({"percent_off": 10}).id
        ada = shop.customer()
        off, of_other, of_ada = make("OFF", active=False).id, make("OTHER", of=other).id, make("ADA", customer=ada).id

        def found(**filters):
            return {code.id for code in shop.api.promotion_codes.list(filters)}

        assert found(active=False) == {off}
        assert found(active=True) == {of_other, of_ada}
        assert found(coupon=other) == {of_other}
        assert found(customer=ada) == {of_ada}
        assert found(code="ADA", active=True) == {of_ada}
        assert found(code="OFF", active=True) == set()


class TestEnd:
    def test_expires(self, shop, make):
        code = make("SPRING", expires_at=NOW + DAY).id

        shop.move_to(NOW + DAY - 1)
        assert shop.api.promotion_codes.retrieve(code).active is True
        shop.move_to(NOW + DAY)
        assert shop.api.promotion_codes.retrieve(code).active is False
        with pytest.raises(stripe.InvalidRequestError, match="cannot be activated"):
            shop.api.promotion_codes.update(code, {"active": True})

    def test_ends_with_its_coupon(self, shop, make):
        brief = shop.api.coupons.create({"percent_off": 10, "redeem_by": NOW + DAY}).id
        code = make("SPRING", of=brief).id

        shop.advance(days=1)

        assert shop.api.promotion_codes.retrieve(code).active is False

    def test_ends_when_its_coupon_is_deleted(self, shop, make, half_off):
        code = make("SPRING").id

        shop.api.coupons.delete(half_off)

        assert shop.api.promotion_codes.retrieve(code).active is False
        with pytest.raises(stripe.InvalidRequestError, match="cannot be activated"):
            shop.api.promotion_codes.update(code, {"active": True})

    def test_can_be_switched_off_and_on(self, shop, make):
        code = make("SPRING").id
        shop.forget_events()

        shop.api.promotion_codes.update(code, {"active": False})
        shop.api.promotion_codes.update(code, {"active": True, "metadata": {"again": "yes"}})

        assert shop.api.promotion_codes.retrieve(code).active is True
        first, second = shop.new_events()
        assert first["type"] == second["type"] == "promotion_code.updated"
        assert first["data"]["previous_attributes"] == {"active": True}
        assert second["data"]["previous_attributes"] == {"active": False, "metadata": {"again": None}}
