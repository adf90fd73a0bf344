"""Discounts on subscriptions and their invoices, and when they end. The amounts are computed by hand."""

from collections import Counter

import pytest
import stripe

from tests.sandbox.checkout.test_buying import PURCHASE
from tests.sandbox.shop import NOW, at


def totals(shop, subscription):
    return [invoice.total for invoice in shop.invoices(subscription)]


class TestFirstInvoice:
    def test_shows_what_was_taken_off(self, shop, code):
        spring = code(duration="forever")
        subscription = shop.subscribed(discounts=[{"promotion_code": spring}])

        (invoice,) = shop.invoices(subscription)
        (discount,) = subscription.discounts
        taken = {"amount": 950, "discount": discount}
        assert (invoice.subtotal, invoice.total, invoice.total_excluding_tax) == (1900, 950, 950)
        assert (invoice.amount_due, invoice.amount_paid, invoice.amount_remaining) == (950, 950, 0)
        assert invoice.discounts == [discount]
        assert [each.to_dict() for each in invoice.total_discount_amounts] == [taken]
        assert [each.to_dict() for each in invoice.total_pretax_credit_amounts] == [{**taken, "type": "discount"}]
        (line,) = invoice.lines.data
        assert (line.amount, line.subtotal, line.discountable) == (1900, 1900, True)
        assert [each.to_dict() for each in line.discount_amounts] == [taken]

    def test_shows_the_discount_when_asked(self, shop, code):
        spring = code(duration="repeating", duration_in_months=3)
        subscription = shop.subscribed(customer=shop.customer(), discounts=[{"promotion_code": spring}])

        asked = shop.api.subscriptions.retrieve(subscription.id, {"expand": ["discounts.source.coupon"]})

        (discount,) = asked.discounts
        assert (discount.subscription, discount.customer) == (subscription.id, subscription.customer)
        assert (discount.promotion_code, discount.source.coupon.percent_off) == (spring, 50)
        assert (discount.start, discount.end) == (NOW, at("2027-04-30 10:30"))

    def test_counts_the_redemption_and_tells_of_it(self, shop, code):
        session = shop.session(customer=shop.customer(), discounts=[{"promotion_code": code(duration="forever")}])
        shop.forget_events()

        shop.pay(session)

        events = {event["type"]: event["data"] for event in shop.new_events()}
        discounted = {"coupon.updated", "customer.discount.created", "promotion_code.updated"}
        assert Counter(shop.new_types()) == Counter(PURCHASE | discounted)
        assert events["coupon.updated"]["previous_attributes"] == {"times_redeemed": 0}
        assert events["promotion_code.updated"]["object"]["times_redeemed"] == 1
        assert events["customer.discount.created"]["object"]["promotion_code"] is not None

    def test_is_paid_at_once_when_nothing_is_left_to_pay(self, shop, coupon):
        subscription = shop.api.subscriptions.create(
            {
                "customer": shop.customer(),
                "items": [{"price": shop.price()}],
                "discounts": [{"coupon": coupon(percent_off=100)}],
            }
        )

        (invoice,) = shop.invoices(subscription)
        assert (subscription.status, invoice.status, invoice.amount_due) == ("active", "paid", 0)

    def test_takes_several_one_after_the_other(self, shop, coupon):
        half, five = {"coupon": coupon()}, {"coupon": coupon(amount_off=500, currency="usd")}

        def total(*discounts):
            method = shop.api.payment_methods.attach("pm_card_visa", {"customer": (customer := shop.customer())}).id
            subscription = shop.api.subscriptions.create(
                {
                    "customer": customer,
                    "items": [{"price": shop.price()}],
                    "default_payment_method": method,
                    "discounts": list(discounts),
                }
            )
            return totals(shop, subscription)

        assert total(half, five) == [450]  # 19.00 / 2 - 5.00
        assert total(five, half) == [700]  # (19.00 - 5.00) / 2


class TestDuration:
    def test_is_over_after_one_invoice(self, shop, coupon):
        session = shop.session(customer=shop.customer(), discounts=[{"coupon": coupon(duration="once")}])
        subscription = shop.subscription(shop.pay(session).subscription)

        shop.advance(days=28)

        assert subscription.discounts == []
        assert "customer.discount.deleted" in shop.new_types()
        assert totals(shop, subscription) == [950, 1900]

    def test_lasts_forever(self, shop, coupon):
        subscription = shop.subscribed(discounts=[{"coupon": coupon(duration="forever")}])

        shop.advance(days=365)

        # From 31 January 2027 on, at the end of each month: January to January.
        assert totals(shop, subscription) == [950] * 13

    def test_lasts_three_months(self, shop, coupon):
        subscription = shop.subscribed(discounts=[{"coupon": coupon(duration="repeating", duration_in_months=3)}])
        shop.move_to(at("2027-04-30 10:29"))
        before = shop.subscription(subscription.id).discounts
        shop.forget_events()

        shop.move_to(at("2027-04-30 10:30"))
        told = shop.new_types()
        shop.move_to(at("2027-05-31 10:30"))

        # 31 January, 28 February, 31 March; on 30 April the three months are over.
        assert totals(shop, subscription) == [950, 950, 950, 1900, 1900]
        assert len(before) == 1
        assert shop.subscription(subscription.id).discounts == []
        assert told.count("customer.discount.deleted") == 1

    def test_reduces_one_yearly_invoice_although_it_lasts_months(self, shop, coupon):
        yearly = shop.price(12_000, interval="year")
        subscription = shop.subscribed(
            yearly, discounts=[{"coupon": coupon(duration="repeating", duration_in_months=4)}]
        )

        shop.advance(days=366)

        assert totals(shop, subscription) == [6000, 12_000]

    def test_waits_for_the_end_of_a_trial(self, shop, coupon):
        subscription = shop.subscribed(
            discounts=[{"coupon": coupon(duration="once")}], subscription_data={"trial_period_days": 14}
        )
        shop.advance(days=14)
        after_trial = shop.subscription(subscription.id).discounts
        shop.advance(days=31)

        assert len(subscription.discounts) == 1
        assert after_trial == []
        assert totals(shop, subscription) == [0, 950, 1900]

    def test_outlives_its_coupon(self, shop, coupon):
        forever = coupon(duration="forever")
        subscription = shop.subscribed(discounts=[{"coupon": forever}])

        shop.api.coupons.delete(forever)
        shop.advance(days=28)

        assert totals(shop, subscription) == [950, 950]

    def test_leaves_prorations_as_they_are(self, shop, coupon):
        subscription = shop.subscribed(shop.price(2800), discounts=[{"coupon": coupon(duration="forever")}])
        bigger = shop.price(5600, name="Team")
        shop.advance(days=14)
        (item,) = subscription["items"].data
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item.id, "price": bigger}]})

        shop.advance(days=14)

        invoice = shop.invoices(subscription)[-1]
        prorated = [line for line in invoice.lines.data if line.parent.subscription_item_details.proration]
        assert [line.discountable for line in prorated] == [False, False]
        assert [line.discount_amounts for line in prorated] == [[], []]
        assert [each.amount for each in invoice.total_discount_amounts] == [2800]


class TestUpdate:
    def test_gives_a_discount_to_a_running_subscription(self, shop, paid_subscription, coupon):
        shop.forget_events()

        given = {"discounts": [{"coupon": coupon(duration="once")}]}
        updated = shop.api.subscriptions.update(paid_subscription.id, given)
        told = shop.new_types()
        shop.advance(days=28 + 31)

        assert len(updated.discounts) == 1
        assert Counter(told) == Counter(
            ["coupon.created", "customer.discount.created", "coupon.updated", "customer.subscription.updated"]
        )
        assert totals(shop, paid_subscription) == [1900, 950, 1900]

    def test_takes_it_away_again(self, shop, paid_subscription, coupon):
        shop.api.subscriptions.update(paid_subscription.id, {"discounts": [{"coupon": coupon(duration="forever")}]})
        shop.forget_events()

        updated = shop.api.subscriptions.update(paid_subscription.id, {"discounts": ""})
        told = shop.new_types()
        shop.advance(days=28)

        assert updated.discounts == []
        assert told == ["customer.discount.deleted", "customer.subscription.updated"]
        assert totals(shop, paid_subscription) == [1900, 1900]

    def test_keeps_named_discounts_and_ends_others(self, shop, paid_subscription, coupon):
        given = [{"coupon": coupon(duration="forever")}, {"coupon": coupon(amount_off=100, currency="usd")}]
        first, second = shop.api.subscriptions.update(paid_subscription.id, {"discounts": given}).discounts

        kept = shop.api.subscriptions.update(paid_subscription.id, {"discounts": [{"discount": second}]}).discounts

        assert kept == [second]
        shop.advance(days=28)
        assert totals(shop, paid_subscription) == [1900, 1800]
        assert first != second

    def test_redeems_nothing_when_the_change_can_t_be_paid(self, shop, coupon):
        ten = coupon(duration="forever")
        customer = shop.customer()
        method = shop.api.payment_methods.attach("pm_card_visa", {"customer": customer}).id
        items = [{"price": shop.price()}]
        subscription = shop.api.subscriptions.create(
            {"customer": customer, "items": items, "default_payment_method": method}
        )
        failing = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer}).id
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": failing})
        change = {
            "items": [{"id": subscription["items"].data[0].id, "price": shop.price(20_000, interval="year")}],
            "discounts": [{"coupon": ten}],
            "proration_behavior": "always_invoice",
            "payment_behavior": "error_if_incomplete",
        }

        with pytest.raises(stripe.CardError, match="Your card was declined"):
            shop.api.subscriptions.update(subscription.id, change)

        assert shop.api.coupons.retrieve(ten).times_redeemed == 0
        assert shop.subscription(subscription.id).discounts == []
