"""Subscriptions that start in the past, or are billed from a chosen date on."""

import pytest

from tests.sandbox.shop import NOW, at, error_of, shown

DAY = 86_400


def billed(shop, subscription):
    """Return the amounts of the first invoice's lines with their periods."""
    lines = shop.invoices(subscription)[0].lines.data
    return [(line.amount, shown(line.period.start)[:10], shown(line.period.end)[:10]) for line in lines]


class TestBillingCycleAnchor:
    def test_bills_the_time_until_then_in_part(self, shop, create):
        # From 31 January to 14 February: 14 of the 31 days of the period from 14 January on.
        anchor = at("2027-02-14 10:30")

        subscription = create(shop.price(3100), billing_cycle_anchor=anchor)

        item = subscription["items"].data[0]
        assert (subscription.billing_cycle_anchor, subscription.status) == (anchor, "active")
        assert (item.current_period_start, item.current_period_end) == (NOW, anchor)
        assert billed(shop, subscription) == [(1400, "2027-01-31", "2027-02-14")]
        shop.move_to(anchor)
        assert shop.invoices(subscription)[-1].amount_paid == 3100
        assert shop.subscription(subscription.id)["items"].data[0].current_period_end == at("2027-03-14 10:30")

    def test_can_leave_the_time_until_then_free(self, shop, create):
        anchor = at("2027-02-14 10:30")

        subscription = create(shop.price(3100), billing_cycle_anchor=anchor, proration_behavior="none")

        assert (subscription.status, billed(shop, subscription)) == ("active", [(0, "2027-01-31", "2027-02-14")])
        shop.move_to(anchor)
        assert shop.invoices(subscription)[-1].amount_paid == 3100

    def test_can_be_a_day_of_the_month(self, shop, create):
        subscription = create(billing_cycle_anchor_config={"day_of_month": 15, "hour": 0, "minute": 0, "second": 0})

        assert subscription.billing_cycle_anchor == at("2027-02-15 00:00")
        assert subscription.billing_cycle_anchor_config.to_dict() == {
            "day_of_month": 15,
            "hour": 0,
            "minute": 0,
            "month": None,
            "second": 0,
        }

    def test_can_be_the_last_day_of_a_month(self, create, shop):
        subscription = create(
            shop.price(interval="year"), billing_cycle_anchor_config={"day_of_month": 31, "month": 6}
        )

        assert shown(subscription.billing_cycle_anchor) == "2027-06-30 10:30"

    def test_is_refused_where_stripe_refuses_it(self, create):
        assert error_of(create, billing_cycle_anchor=NOW).param == "billing_cycle_anchor"
        assert "natural billing date" in error_of(create, billing_cycle_anchor=NOW + 90 * DAY).user_message
        both = {"billing_cycle_anchor": NOW + DAY, "billing_cycle_anchor_config": {"day_of_month": 3}}
        assert "only specify one" in error_of(create, **both).user_message
        error = error_of(create, billing_cycle_anchor_config={"day_of_month": 32})
        assert error.param == "billing_cycle_anchor_config[day_of_month]"
        refused = error_of(create, billing_cycle_anchor=NOW + 5 * DAY, trial_period_days=3)
        assert refused.code == "sandbox_unsupported"


class TestBackdating:
    def test_bills_each_period_that_is_over(self, shop, create):
        start = at("2026-12-15 10:30")

        subscription = create(shop.price(3100), backdate_start_date=start)

        item = subscription["items"].data[0]
        assert (subscription.start_date, subscription.created) == (start, NOW)
        assert (item.current_period_start, item.current_period_end) == (NOW, at("2027-02-28 10:30"))
        assert billed(shop, subscription) == [
            (1600, "2026-12-15", "2026-12-31"),
            (3100, "2026-12-31", "2027-01-31"),
            (3100, "2027-01-31", "2027-02-28"),
        ]

    def test_bills_one_sum_in_classic_mode(self, shop, create):
        subscription = create(
            shop.price(3100), backdate_start_date=at("2027-01-15 10:30"), billing_mode={"type": "classic"}
        )

        assert billed(shop, subscription) == [(1600, "2027-01-15", "2027-01-31"), (3100, "2027-01-31", "2027-02-28")]

    def test_goes_with_a_billing_date(self, shop, create):
        anchor = at("2027-02-15 10:30")

        subscription = create(
            shop.price(3100), backdate_start_date=at("2027-01-20 10:30"), billing_cycle_anchor=anchor
        )

        item = subscription["items"].data[0]
        assert (item.current_period_start, item.current_period_end) == (at("2027-01-20 10:30"), anchor)
        assert billed(shop, subscription) == [(2600, "2027-01-20", "2027-02-15")]

    def test_can_leave_the_past_free(self, shop, create):
        subscription = create(backdate_start_date=NOW - 40 * DAY, proration_behavior="none")

        assert billed(shop, subscription) == [(1900, "2027-01-31", "2027-02-28")]

    def test_refuses_the_future_and_the_far_past(self, create):
        assert error_of(create, backdate_start_date=NOW).param == "backdate_start_date"
        assert error_of(create, backdate_start_date=1).param == "backdate_start_date"


class TestFirstInvoice:
    def test_bills_other_prices_once(self, shop, create):
        setup = shop.price(5000, interval=None)
        product = shop.api.products.create({"name": "Training"}).id
        data = {"currency": "usd", "product": product, "unit_amount": 700}

        subscription = create(
            add_invoice_items=[{"price": setup, "metadata": {"a": "b"}}, {"price_data": data, "quantity": 2}]
        )

        assert [line.amount for line in shop.invoices(subscription)[0].lines] == [1900, 5000, 1400]
        shop.advance(days=28)
        assert shop.invoices(subscription)[-1].total == 1900

    def test_bills_them_at_the_start_of_a_trial(self, shop, create):
        subscription = create(trial_period_days=7, add_invoice_items=[{"price": shop.price(5000, interval=None)}])

        assert (subscription.status, shop.invoices(subscription)[0].amount_paid) == ("trialing", 5000)

    @pytest.mark.parametrize("extra", [{"discounts": [{"coupon": "X"}]}, {"tax_rates": ["txr"]}])
    def test_refuses_what_it_does_not_play(self, shop, create, extra):
        error = error_of(create, add_invoice_items=[{"price": shop.price(interval=None), **extra}])

        assert error.param == f"add_invoice_items[0][{next(iter(extra))}]"

    def test_takes_active_prices_only(self, shop, create):
        archived = shop.price(interval=None)
        shop.api.prices.update(archived, {"active": False})

        error = error_of(create, add_invoice_items=[{"price": archived}])

        assert (error.param, "inactive" in error.user_message) == ("add_invoice_items[0][price]", True)

    def test_takes_one_time_prices_of_its_currency_only(self, shop, create):
        assert "type=one_time" in error_of(create, add_invoice_items=[{"price": shop.price()}]).user_message
        euros = shop.price(interval=None, currency="eur")
        assert error_of(create, add_invoice_items=[{"price": euros}]).param == "add_invoice_items"
        assert error_of(create, currency="eur").param == "currency"


class TestOlderParameters:
    def test_take_the_trial_of_the_plan(self, shop, create):
        product = shop.api.products.create({"name": "Pro"}).id
        recurring = {"interval": "month", "trial_period_days": 10}
        given = {"product": product, "currency": "usd", "unit_amount": 100, "recurring": recurring}
        price = shop.api.prices.create(given).id

        assert create(price).status == "active"
        assert create(price, trial_from_plan=True).trial_end == NOW + 10 * DAY
        assert create(shop.price(), trial_from_plan=True).status == "active"
        assert error_of(create, price, trial_from_plan=True, trial_period_days=3).param == "trial_period_days"

    def test_name_a_price_a_plan(self, shop, customer):
        price = shop.price()

        subscription = shop.api.subscriptions.create({"customer": customer, "items": [{"plan": price}]})

        assert subscription["items"].data[0].price.id == price


class TestPaymentSettings:
    def test_save_the_card_that_paid(self, shop, create):
        card = shop.api.payment_methods.list({"customer": create().customer}).data[0].id

        subscription = create(payment_settings={"save_default_payment_method": "on_subscription"})

        assert subscription.default_payment_method == card
        assert create().default_payment_method is None

    def test_save_the_card_that_paid_later(self, shop, create):
        subscription = create(
            default_payment_method="pm_card_chargeCustomerFail",
            payment_settings={"save_default_payment_method": "on_subscription"},
        )

        shop.api.invoices.pay(subscription.latest_invoice, {"payment_method": "pm_card_mastercard"})

        method = shop.api.payment_methods.retrieve(shop.subscription(subscription.id).default_payment_method)
        assert method.card.brand == "mastercard"

    def test_are_merged_by_an_update(self, shop, create):
        subscription = create(payment_settings={"payment_method_types": ["card"]})

        options = {"card": {"request_three_d_secure": "automatic"}}
        changed = shop.api.subscriptions.update(
            subscription.id, {"payment_settings": {"payment_method_options": options}}
        )

        settings = changed.payment_settings.to_dict()
        assert settings["payment_method_types"] == ["card"]
        assert settings["payment_method_options"]["card"]["request_three_d_secure"] == "automatic"

    def test_name_cards_only(self, create):
        error = error_of(create, payment_settings={"payment_method_types": ["sepa_debit"]})
        assert (error.code, error.param) == ("sandbox_unsupported", "payment_settings[payment_method_types]")
        options = {"payment_method_options": {"card": {"request_three_d_secure": "any"}}}
        assert error_of(create, payment_settings=options).code == "sandbox_unsupported"
