"""When a change bills now, moves the billing date or starts a trial, and its result if the payment fails."""

import pytest

from tests.sandbox.shop import NOW, at, error_of

DAY = 86_400
NEXT_MONTH = at("2027-02-28 10:30")
CLASSIC = {"type": "classic"}
FAILING = "pm_card_chargeCustomerFail"


def item_of(subscription):
    return subscription["items"].data[0].id


@pytest.fixture
def switch(shop):
    """Change the subscription's price."""

    def to(subscription, price, **choices):
        given = {"items": [{"id": item_of(subscription), "price": price}], **choices}
        return shop.api.subscriptions.update(subscription.id, given)

    return to


def fail_from_now_on(shop, subscription):
    shop.api.subscriptions.update(subscription.id, {"default_payment_method": FAILING})


class TestTheBillingDate:
    def test_stays_and_nothing_is_charged_now_for_another_price(self, shop, create, switch):
        subscription = create(shop.price(1000))
        shop.advance(days=5)
        shop.forget_events()

        changed = switch(subscription, shop.price(2000))

        assert (changed.billing_cycle_anchor, changed["items"].data[0].current_period_end) == (NOW, NEXT_MONTH)
        assert len(shop.invoices(subscription)) == 1
        told = [kind for kind in shop.new_types() if not kind.startswith(("price.", "plan.", "product."))]
        assert sorted(told) == ["customer.subscription.updated", "invoiceitem.created", "invoiceitem.created"]

    @pytest.mark.parametrize("choices", [{"interval": "year"}, {"interval_count": 3}, {"interval": "week"}])
    def test_moves_with_another_interval_in_classic_mode(self, shop, create, switch, choices):
        subscription = create(shop.price(1000), billing_mode=CLASSIC)
        shop.advance(days=5)
        recurring = {"interval": "month", "interval_count": 1, **choices}

        changed = switch(subscription, shop.price(2000, recurring=recurring))

        assert changed.billing_cycle_anchor == NOW + 5 * DAY
        assert shop.invoices(subscription)[-1].lines.data[-1].amount == 2000

    def test_moves_from_a_free_price_to_a_paid_one_in_classic_mode(self, shop, create, switch):
        subscription = create(shop.price(0), billing_mode=CLASSIC)
        shop.advance(days=5)

        changed = switch(subscription, shop.price(2000))

        assert changed.billing_cycle_anchor == NOW + 5 * DAY
        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [0, 2000]

    def test_stays_from_a_paid_price_to_a_free_one(self, shop, create, switch):
        subscription = create(shop.price(1000))
        shop.advance(days=14)

        changed = switch(subscription, shop.price(0))

        assert changed.billing_cycle_anchor == NOW
        assert len(shop.invoices(subscription)) == 1

    def test_stays_when_the_anchor_is_unchanged(self, shop, create, switch):
        subscription = create(shop.price(0))
        shop.advance(days=14)

        changed = switch(subscription, shop.price(2800), billing_cycle_anchor={"type": "unchanged"})

        assert (changed.billing_cycle_anchor, len(shop.invoices(subscription))) == (NOW, 1)
        shop.move_to(NEXT_MONTH)
        assert [line.amount for line in shop.invoices(subscription)[-1].lines.data] == [1400, 2800]

    def test_without_prorations_still_moves_with_the_interval_in_classic_mode(self, shop, create, switch):
        subscription = create(shop.price(1000), billing_mode=CLASSIC)
        shop.advance(days=5)

        switch(subscription, shop.price(9000, interval="year"), proration_behavior="none")

        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [1000, 9000]

    def test_of_now_refuses_a_proration_date(self, shop, create):
        subscription = create()
        given = {"billing_cycle_anchor": {"type": "now"}, "proration_date": NOW}

        error = error_of(shop.api.subscriptions.update, subscription.id, given)

        assert error.user_message == "You cannot specify `proration_date` when `billing_cycle_anchor=now`."

    @pytest.mark.parametrize("date", [NOW - 1, NEXT_MONTH + 1])
    def test_limits_the_proration_date_to_the_current_period(self, shop, create, date):
        subscription = create()

        error = error_of(
            shop.api.subscriptions.update,
            subscription.id,
            {"items": [{"id": item_of(subscription), "quantity": 2}], "proration_date": date},
        )

        assert (error.http_status, error.param) == (400, "proration_date")
        assert error.user_message == "Cannot specify proration date outside of current subscription period."


class TestTrials:
    def test_that_begin_later_credit_the_unused_time(self, shop, create):
        # Half of the 28 days are left: 1400 credited.
        subscription = create(shop.price(2800))
        shop.advance(days=14)
        end = NOW + 44 * DAY

        changed = shop.api.subscriptions.update(subscription.id, {"trial_end": end})

        item = changed["items"].data[0]
        assert (changed.status, changed.trial_start, changed.trial_end) == ("trialing", NOW + 14 * DAY, end)
        assert (item.current_period_start, item.current_period_end) == (NOW + 14 * DAY, end)
        assert shop.invoices(subscription)[-1].total == -1400

    def test_may_begin_without_credit(self, shop, create):
        subscription = create(shop.price(2800))

        shop.api.subscriptions.update(subscription.id, {"trial_end": NOW + 44 * DAY, "proration_behavior": "none"})

        assert shop.invoices(subscription)[-1].total == 0

    def test_that_end_now_with_another_price_bill_only_the_new_price(self, shop, create, switch):
        subscription = create(shop.price(2800), trial_period_days=10)
        shop.advance(days=3)

        changed = switch(subscription, shop.price(5000), trial_end="now")

        assert (changed.status, changed.billing_cycle_anchor) == ("active", NOW + 3 * DAY)
        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [0, 5000]

    def test_are_not_ended_by_another_interval(self, shop, create, switch):
        subscription = create(shop.price(2800), trial_period_days=10)

        changed = switch(subscription, shop.price(9000, interval="year"))

        assert (changed.status, changed["items"].data[0].current_period_end) == ("trialing", NOW + 10 * DAY)
        shop.advance(days=10)
        assert [invoice.total for invoice in shop.invoices(subscription)] == [0, 9000]


class TestFailedPayment:
    @pytest.mark.parametrize(
        "change",
        [
            {"price": {"interval": "year"}, "mode": CLASSIC},
            {"behavior": "always_invoice"},
            {"anchor": {"type": "now"}},
        ],
    )
    def test_changes_nothing_with_error_if_incomplete(self, shop, create, switch, change):
        subscription = create(shop.price(2800), billing_mode=change.get("mode", {"type": "flexible"}))
        fail_from_now_on(shop, subscription)
        price = shop.price(24_000, **change.get("price", {}))
        before = shop.subscription(subscription.id).to_dict()
        objects = shop.programs.get("/_sandbox/state").get_json()["objects"]
        shop.forget_events()

        choices = {"proration_behavior": change["behavior"]} if "behavior" in change else {}
        choices |= {"billing_cycle_anchor": change["anchor"]} if "anchor" in change else {}
        error = error_of(switch, subscription, price, payment_behavior="error_if_incomplete", **choices)

        assert (error.http_status, error.code, error.user_message) == (
            402,
            "card_declined",
            "Your card was declined.",
        )
        assert shop.new_types() == []
        assert shop.subscription(subscription.id).to_dict() == before
        assert shop.programs.get("/_sandbox/state").get_json()["objects"] == objects

    def test_changes_nothing_with_error_if_incomplete_and_no_card(self, shop, create, switch):
        subscription = create(shop.price(2800))
        customer = shop.api.customers.retrieve(subscription.customer)
        shop.api.payment_methods.detach(customer.invoice_settings.default_payment_method)

        error = error_of(
            switch,
            subscription,
            shop.price(24_000, interval="year"),
            billing_cycle_anchor={"type": "now"},
            payment_behavior="error_if_incomplete",
        )

        assert (error.http_status, error.code) == (400, "resource_missing")

    def test_does_not_matter_when_nothing_is_billed_now(self, shop, create, switch):
        subscription = create(shop.price(2800))
        fail_from_now_on(shop, subscription)

        later = switch(subscription, shop.price(5600), payment_behavior="error_if_incomplete")
        less = switch(
            subscription,
            shop.price(1000),
            payment_behavior="error_if_incomplete",
            proration_behavior="always_invoice",
        )

        assert (later["items"].data[0].price.unit_amount, less["items"].data[0].price.unit_amount) == (5600, 1000)

    def test_keeps_the_change_and_leaves_the_invoice_open(self, shop, create, switch):
        subscription = create(shop.price(2800))
        fail_from_now_on(shop, subscription)

        changed = switch(subscription, shop.price(5600), proration_behavior="always_invoice")

        assert (changed.status, changed["items"].data[0].price.unit_amount) == ("past_due", 5600)
        invoice = shop.invoices(subscription)[-1]
        assert (changed.latest_invoice, invoice.status, invoice.amount_due) == (invoice.id, "open", 2800)
        assert invoice.next_payment_attempt == NOW + 3 * DAY

    def test_is_not_tried_with_default_incomplete(self, shop, create, switch):
        subscription = create(shop.price(2800))
        shop.forget_events()

        changed = switch(
            subscription, shop.price(5600), proration_behavior="always_invoice", payment_behavior="default_incomplete"
        )

        assert changed.status == "past_due"
        assert shop.invoices(subscription)[-1].attempted is False
        assert "charge.succeeded" not in shop.new_types()
        shop.api.invoices.pay(changed.latest_invoice)
        assert shop.subscription(subscription.id).status == "active"


class TestWhileTheCustomerIsAway:
    @pytest.fixture
    def with_secure_card(self, shop, create):
        """Create a subscription whose later payments need 3-D Secure."""

        def start(**choices):
            subscription = create(shop.price(2800), **choices)
            return shop.api.subscriptions.update(
                subscription.id, {"default_payment_method": "pm_card_authenticationRequired"}
            )

        return start

    def payment(self, shop, subscription):
        """Return the status and the error code of the latest invoice's payment."""
        invoice = shop.subscription(subscription.id).latest_invoice
        found = shop.api.invoices.retrieve(invoice, {"expand": ["payments.data.payment.payment_intent"]})
        intent = found.payments.data[0].payment.payment_intent
        return intent.status, intent.last_payment_error and intent.last_payment_error.code

    @pytest.mark.parametrize(
        ("away", "payment"),
        [(False, ("requires_action", None)), (True, ("requires_payment_method", "authentication_required"))],
    )
    def test_the_card_of_a_change_is_declined(self, shop, switch, with_secure_card, away, payment):
        choices = {"proration_behavior": "always_invoice", "off_session": away}

        changed = switch(with_secure_card(), shop.price(5600), **choices)

        assert (changed.status, self.payment(shop, changed)) == ("past_due", payment)

    def test_the_card_after_a_trial_is_declined(self, shop, with_secure_card):
        subscription = with_secure_card(trial_period_days=7)

        shop.api.subscriptions.update(subscription.id, {"trial_end": "now", "off_session": True})

        assert self.payment(shop, subscription) == ("requires_payment_method", "authentication_required")


class TestQuantity:
    @pytest.mark.parametrize("quantity", [-1, 1_000_000_000])
    def test_has_its_limits(self, shop, create, quantity):
        subscription = create()
        shop.forget_events()

        error = error_of(
            shop.api.subscriptions.update,
            subscription.id,
            {"items": [{"id": item_of(subscription), "quantity": quantity}]},
        )

        assert (error.http_status, error.param) == (400, "items[0][quantity]")
        assert shop.new_types() == []

    @pytest.mark.parametrize("quantity", [527, 99_999_999])
    def test_may_not_exceed_the_largest_invoice_amount(self, shop, customer, create, quantity):
        # 526 x 1900.00 = 999,400.00; one more is over the limit of 999,999.99.
        price = shop.price(190_000)
        subscription = create(price)
        most = shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": item_of(subscription), "quantity": 526}], "proration_behavior": "none"}
        )
        assert most["items"].data[0].quantity == 526
        shop.forget_events()
        items = [{"id": item_of(subscription), "quantity": quantity}]
        ordered = {"customer": customer, "items": [{"price": price, "quantity": quantity}]}

        for error in (
            error_of(shop.api.subscriptions.update, subscription.id, {"items": items}),
            error_of(shop.api.subscriptions.create, ordered),
        ):
            assert (error.http_status, error.code) == (400, "amount_too_large")
            assert error.user_message == "Amount must be no more than $999,999.99"
        assert shop.new_types() == []
