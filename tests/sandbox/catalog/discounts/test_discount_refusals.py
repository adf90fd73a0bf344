"""Coupons and codes that can't be redeemed, at checkout and by the API: Stripe's error, and nothing written."""

import pytest
import stripe

from tests.sandbox.shop import NOW

DAY = 86_400
PRIOR = "This promotion code cannot be redeemed because the associated customer has prior transactions."


@pytest.fixture
def spring_code(shop):
    """Make a promotion code SPRING; `of` are terms of its coupon besides 50 % off."""

    def make(of=None, **choices):
        coupon = shop.api.coupons.create({"percent_off": 50, **(of or {})}).id
        given = {"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING", **choices}
        return shop.api.promotion_codes.create(given)

    return make


def refusal(call, *args, **given):
    with pytest.raises(stripe.InvalidRequestError) as refused:
        call(*args, **given)
    return refused.value


class TestSession:
    def test_takes_at_most_one(self, shop):
        coupons = [{"coupon": shop.api.coupons.create({"percent_off": 10}).id} for _ in range(2)]

        refused = refusal(shop.session, discounts=coupons)

        assert refused.user_message == "Array discounts exceeded maximum 1 allowed elements."

    @pytest.mark.parametrize("allow", [True, False])
    def test_takes_a_discount_or_allows_codes_not_both(self, shop, spring_code, allow):
        refused = refusal(shop.session, discounts=[{"promotion_code": spring_code().id}], allow_promotion_codes=allow)

        assert refused.user_message == (
            "You may only specify one of these parameters: allow_promotion_codes, discounts."
        )

    def test_names_the_missing_object(self, shop):
        coupon = refusal(shop.session, discounts=[{"coupon": "NONE"}])
        promotion = refusal(shop.session, discounts=[{"promotion_code": "promo_none"}])
        both = refusal(shop.session, discounts=[{"coupon": "NONE", "promotion_code": "promo_none"}])

        assert (coupon.user_message, coupon.param) == ("No such coupon: 'NONE'", "discounts[0][coupon]")
        assert promotion.user_message == "No such promotion code: 'promo_none'"
        assert promotion.param == "discounts[0][promotion_code]"
        assert both.user_message == "You may only specify one of these parameters: coupon, promotion_code."

    def test_refuses_a_total_too_small_to_charge(self, shop, spring_code):
        # 2 % of 19.00 is 0.38, and Stripe charges nothing below 0.50.
        almost = spring_code({"percent_off": 98}).id
        price = shop.price(interval=None)

        refused = refusal(shop.session, price, mode="payment", discounts=[{"promotion_code": almost}])

        assert refused.code == "amount_too_small"


class TestRules:
    """Each applies to a session, to a new subscription and to an update."""

    @pytest.fixture(params=["session", "create", "update"])
    def redeem(self, request, shop):
        """Try to redeem a discount; return the error."""
        customer = shop.customer()

        def redeem(**discount):
            given = {"discounts": [discount]}
            if request.param == "session":
                return refusal(shop.session, customer=customer, **given)
            items = {"items": [{"price": shop.price()}], "trial_period_days": 7}
            if request.param == "create":
                return refusal(shop.api.subscriptions.create, {"customer": customer, **items, **given})
            subscription = shop.api.subscriptions.create({"customer": customer, **items}).id
            return refusal(shop.api.subscriptions.update, subscription, given)

        return redeem

    def test_refuses_an_inactive_code(self, shop, spring_code, redeem):
        refused = redeem(promotion_code=spring_code(active=False).id)

        assert refused.user_message == "This promotion code is inactive."
        assert refused.param == "discounts[0][promotion_code]"

    def test_refuses_an_expired_code(self, shop, spring_code, redeem):
        spring = spring_code(expires_at=NOW + DAY).id
        shop.advance(days=1)

        assert redeem(promotion_code=spring).user_message == "This promotion code has expired."

    def test_refuses_an_expired_coupon(self, shop, spring_code, redeem):
        spring = spring_code({"redeem_by": NOW + DAY})
        shop.advance(days=1)

        refused = redeem(coupon=spring.promotion.coupon)
        assert (refused.user_message, refused.code) == (f"Coupon expired: {spring.promotion.coupon}", "coupon_expired")
        assert redeem(promotion_code=spring.id).user_message == "This promotion code has expired."

    def test_refuses_what_is_used_up(self, shop, spring_code, redeem):
        spring = spring_code(max_redemptions=1).id
        shop.pay(shop.session(discounts=[{"promotion_code": spring}]))

        refused = redeem(promotion_code=spring)

        assert refused.user_message == (
            "This promotion code cannot be redeemed because it has been used the maximum number of times."
        )
        after = shop.api.promotion_codes.retrieve(spring)
        assert (after.active, after.times_redeemed) == (False, 1)

    def test_refuses_a_coupon_that_is_used_up(self, shop, spring_code, redeem):
        spring = spring_code({"max_redemptions": 1})
        shop.pay(shop.session(discounts=[{"promotion_code": spring.id}]))

        assert redeem(coupon=spring.promotion.coupon).code == "coupon_expired"
        assert "maximum number of times" in redeem(promotion_code=spring.id).user_message
        coupon = shop.api.coupons.retrieve(spring.promotion.coupon)
        assert (coupon.valid, coupon.times_redeemed) == (False, 1)

    def test_refuses_another_customer_s_code(self, shop, spring_code, redeem):
        of_eve = spring_code(customer=shop.customer()).id

        assert "restricted to another customer" in redeem(promotion_code=of_eve).user_message

    def test_refuses_another_currency(self, shop, redeem):
        euros = shop.api.coupons.create({"amount_off": 500, "currency": "eur"}).id

        assert redeem(coupon=euros).user_message == (
            "This coupon cannot be redeemed because its currency (`eur`) doesn't match the expected currency: `usd`."
        )

    def test_refuses_a_coupon_for_other_products(self, shop, redeem):
        other = shop.api.products.create({"name": "Other"}).id
        coupon = shop.api.coupons.create({"percent_off": 10, "applies_to": {"products": [other]}}).id

        refused = redeem(coupon=coupon)

        assert refused.code == "coupon_applies_to_nothing"
        assert refused.user_message == (
            "This coupon cannot be redeemed because it does not apply to anything in this order."
        )


class TestRestrictions:
    def test_keeps_a_code_for_first_purchases(self, shop, spring_code):
        customer = shop.customer()
        spring = [{"promotion_code": spring_code(restrictions={"first_time_transaction": True}).id}]
        shop.pay(shop.session(customer=customer, discounts=spring))

        refused = refusal(shop.session, customer=customer, discounts=spring)

        assert (refused.user_message, refused.param) == (PRIOR, "discounts[0][promotion_code]")
        assert shop.session(customer=shop.customer(), discounts=spring).amount_total == 950

    def test_keeps_a_code_for_big_purchases(self, shop, spring_code):
        least = {"minimum_amount": 1901, "minimum_amount_currency": "usd"}
        spring = [{"promotion_code": spring_code(restrictions=least).id}]

        refused = refusal(shop.session, discounts=spring)

        assert refused.user_message == (
            "This promotion code cannot be redeemed because the order does not meet its minimum amount of $19.01."
        )
        assert shop.session(shop.price(1902), discounts=spring).amount_total == 951

    def test_refuses_a_minimum_on_a_change(self, shop, spring_code):
        least = {"minimum_amount": 100, "minimum_amount_currency": "usd"}
        subscription = shop.subscribed()

        refused = refusal(
            shop.api.subscriptions.update,
            subscription.id,
            {"discounts": [{"promotion_code": spring_code(restrictions=least).id}]},
        )

        assert refused.user_message == (
            "This promotion code cannot be redeemed on a subscription update because it uses the `minimum_amount` "
            "restriction and the amount may change."
        )


class TestTyped:
    def test_is_not_taken_where_the_seller_does_not_want_it(self, shop, spring_code):
        spring_code()

        status, error = shop.refusal(shop.session(), promotion_code="SPRING")

        assert (status, error["message"]) == (400, "This Checkout Session does not accept promotion codes.")

    def test_says_that_there_is_no_such_code(self, shop):
        session = shop.session(allow_promotion_codes=True)

        status, error = shop.refusal(session, promotion_code="WINTER")

        assert (status, error["message"], error["param"]) == (400, "This code is invalid.", "promotion_code")
        assert shop.api.checkout.sessions.retrieve(session.id).status == "open"

    def test_says_that_a_code_was_used_up_meanwhile(self, shop, spring_code):
        spring = spring_code(max_redemptions=1).id
        late = shop.session(discounts=[{"promotion_code": spring}])
        shop.pay(shop.session(discounts=[{"promotion_code": spring}]))

        status, error = shop.refusal(late)

        assert status == 400
        assert "maximum number of times" in error["message"]
        assert shop.api.promotion_codes.retrieve(spring).times_redeemed == 1
        assert len(shop.api.subscriptions.list().data) == 1

    def test_is_not_redeemed_by_a_refused_card(self, shop, spring_code):
        spring = spring_code(max_redemptions=1).id
        session = shop.session(allow_promotion_codes=True)

        status, _ = shop.refusal(session, card="4000000000000002", promotion_code="SPRING")

        assert status == 402
        assert shop.api.promotion_codes.retrieve(spring).times_redeemed == 0
        assert shop.pay(session, promotion_code="SPRING").amount_total == 950
