"""Discounts of checkout sessions, from the seller or a typed code; expected amounts are calculated by hand."""


def amounts(session):
    return session.amount_subtotal, session.total_details.amount_discount, session.amount_total


class TestSession:
    def test_costs_less_by_a_percentage(self, shop, coupon):
        # 25.5 % of 19.00 is 4.845, rounded half up to 4.85.
        session = shop.session(discounts=[{"coupon": coupon(percent_off=25.5)}])

        assert amounts(session) == (1900, 485, 1415)

    def test_costs_less_by_an_amount_but_never_less_than_nothing(self, shop, coupon):
        five = shop.session(discounts=[{"coupon": coupon(amount_off=500, currency="usd")}])
        fifty = shop.session(discounts=[{"coupon": coupon(amount_off=5000, currency="usd")}])

        assert amounts(five) == (1900, 500, 1400)
        assert amounts(fifty) == (1900, 1900, 0)

    def test_spreads_an_amount_over_its_lines(self, shop, coupon):
        # 5.00 off 19.00 + 5.00: 500 * 1900 / 2400 = 395.83 and 500 * 500 / 2400 = 104.17.
        prices = shop.price(), shop.price(500, interval=None, name="Setup")
        session = shop.session(*prices, discounts=[{"coupon": coupon(amount_off=500, currency="usd")}])

        lines = shop.api.checkout.sessions.line_items.list(session.id).data
        assert [(line.amount_subtotal, line.amount_discount, line.amount_total) for line in lines] == [
            (1900, 396, 1504),
            (500, 104, 396),
        ]
        assert amounts(session) == (2400, 500, 1900)

    def test_spreads_a_percentage_to_the_cent(self, shop, coupon):
        # Half of 333 + 333 + 334 is 500: 167 of the first, 333 of two of them, all 500 of three.
        prices = [shop.price(amount, interval=None) for amount in (333, 333, 334)]
        session = shop.session(*prices, mode="payment", discounts=[{"coupon": coupon()}])

        lines = shop.api.checkout.sessions.line_items.list(session.id).data
        assert [line.amount_discount for line in lines] == [167, 166, 167]

    def test_reduces_only_the_products_that_a_coupon_is_for(self, shop, coupon):
        pro, setup = shop.price(), shop.price(500, interval=None, name="Setup")
        product = shop.api.prices.retrieve(pro).product
        session = shop.session(pro, setup, discounts=[{"coupon": coupon(applies_to={"products": [product]})}])

        assert amounts(session) == (2400, 950, 1450)

    def test_names_what_was_redeemed(self, shop, coupon, code):
        by_code, direct = code(), coupon()

        typed = shop.session(discounts=[{"promotion_code": by_code}])
        given = shop.session(discounts=[{"coupon": direct}])

        assert [each.to_dict() for each in typed.discounts] == [{"coupon": None, "promotion_code": by_code}]
        assert [each.to_dict() for each in given.discounts] == [{"coupon": direct, "promotion_code": None}]
        asked = shop.api.checkout.sessions.retrieve(typed.id, {"expand": ["discounts.promotion_code"]})
        assert asked.discounts[0].promotion_code.code == "SPRING"

    def test_is_not_redeemed_before_it_is_paid(self, shop, code):
        spring = code()
        shop.session(discounts=[{"promotion_code": spring}])

        assert shop.api.promotion_codes.retrieve(spring).times_redeemed == 0


class TestTyped:
    def test_takes_off_what_a_program_types(self, shop, code):
        spring = code()
        session = shop.session(customer=shop.customer(), allow_promotion_codes=True)

        paid = shop.pay(session, promotion_code=" spring ")

        assert amounts(paid) == (1900, 950, 950)
        assert paid.discounts[0].promotion_code == spring
        assert shop.api.invoices.retrieve(paid.invoice).amount_paid == 950
        assert shop.api.promotion_codes.retrieve(spring).times_redeemed == 1

    def test_makes_a_one_time_purchase_cheaper(self, shop, code):
        code()
        session = shop.session(
            shop.price(interval=None),
            mode="payment",
            customer=shop.customer(),
            allow_promotion_codes=True,
            invoice_creation={"enabled": True},
        )

        paid = shop.pay(session, promotion_code="SPRING")

        assert shop.api.payment_intents.retrieve(paid.payment_intent).amount_received == 950
        invoice = shop.api.invoices.retrieve(paid.invoice, {"expand": ["discounts"]})
        assert (invoice.subtotal, invoice.total, invoice.amount_paid) == (1900, 950, 950)
        (discount,) = invoice.discounts
        assert (discount.checkout_session, discount.subscription) == (session.id, None)

    def test_pays_a_free_order_without_a_card(self, shop, code):
        code(percent_off=100)
        session = shop.session(shop.price(interval=None), mode="payment", allow_promotion_codes=True)

        paid = shop.control(f"checkout/{session.id}/pay", promotion_code="SPRING")

        assert paid["payment_status"] == "no_payment_required"
        assert shop.api.payment_intents.list().data == []
