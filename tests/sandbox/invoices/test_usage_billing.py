"""Metered prices: usage is billed at the end of each period, in previews and at a cancelation."""

import pytest

from tests.sandbox.shop import error_of

TIMES = "\N{MULTIPLICATION SIGN}"
TIERS = [{"up_to": 100, "flat_amount": 500}, {"up_to": "inf", "unit_amount_decimal": "2.5"}]


@pytest.fixture
def use(shop, customer):
    def send(value):
        payload = {"stripe_customer_id": customer, "value": str(value)}
        shop.api.billing.meter_events.create({"event_name": "calls", "payload": payload})

    return send


class TestFirstInvoice:
    def test_is_left_out_in_flexible_mode(self, shop, create, metered):
        subscription = create(metered())

        assert (subscription.status, subscription.latest_invoice) == ("active", None)
        assert shop.invoices(subscription) == []
        assert "quantity" not in subscription["items"].data[0]

    def test_has_an_empty_line_in_classic_mode(self, shop, create, metered):
        subscription = create(metered(), billing_mode={"type": "classic"})

        (invoice,) = shop.invoices(subscription)
        assert [(line.description, line.quantity, line.amount) for line in invoice.lines] == [
            (f"0 {TIMES} Calls (at $0.005 / month)", 0, 0)
        ]
        assert (invoice.status, invoice.total) == ("paid", 0)

    def test_has_only_the_licensed_items(self, shop, create, metered):
        subscription = create(shop.price(), metered())

        (invoice,) = shop.invoices(subscription)
        assert [line.amount for line in invoice.lines] == [1900]

    def test_refuses_a_quantity(self, shop, customer, metered):
        items = [{"price": metered(), "quantity": 2}]
        refused = error_of(shop.api.subscriptions.create, {"customer": customer, "items": items})

        assert refused.param == "items[0][quantity]"
        assert refused.user_message.startswith("Quantity should not be specified where usage_type is `metered`.")


class TestRenewals:
    def test_bill_each_months_usage_for_a_year(self, shop, create, metered, use):
        subscription = create(metered())
        for month in range(12):
            use(1000 * (month + 1))
            shop.move_to(shop.subscription(subscription.id)["items"].data[0].current_period_end)

        invoices = shop.invoices(subscription)
        assert [invoice.total for invoice in invoices] == [500 * (month + 1) for month in range(12)]
        (line,) = invoices[0].lines.data
        assert (line.description, line.quantity, line.amount) == (f"1000 {TIMES} Calls (at $0.005 / month)", 1000, 500)
        assert (line.period.start, line.period.end) == (subscription.start_date, invoices[0].created)

    @pytest.mark.parametrize(
        ("formula", "uses", "total"), [("count", [5, 5, 5], 2), ("last", [9000, 300], 150), ("sum", [-5], 0)]
    )
    def test_aggregate_by_the_meters_formula(self, shop, create, metered, use, *, formula, uses, total):
        subscription = create(metered(formula))
        for value in uses:
            use(value)
        shop.advance(days=29)

        assert [invoice.total for invoice in shop.invoices(subscription)] == [total]

    @pytest.mark.parametrize(("used", "amounts"), [(0, [500]), (100, [500]), (250, [500, 375])])
    def test_apply_tiers(self, shop, create, metered, use, *, used, amounts):
        subscription = create(metered(billing_scheme="tiered", tiers_mode="graduated", tiers=TIERS))
        if used:
            use(used)
        shop.advance(days=29)

        (invoice,) = shop.invoices(subscription)
        assert [line.amount for line in invoice.lines] == amounts

    def test_apply_packages(self, shop, create, metered, use):
        subscription = create(metered(unit_amount=200, transform_quantity={"divide_by": 100, "round": "up"}))
        use(101)
        shop.advance(days=29)

        assert [invoice.total for invoice in shop.invoices(subscription)] == [400]

    def test_bill_usage_behind_and_seats_ahead(self, shop, create, metered, use):
        subscription = create(shop.price(), metered())
        use(400)
        shop.advance(days=29)

        first, second = shop.invoices(subscription)
        assert ([line.amount for line in first.lines], [line.amount for line in second.lines]) == ([1900], [200, 1900])

    def test_leave_a_trials_usage_free(self, shop, create, metered, use):
        subscription = create(metered(), trial_period_days=10)
        use(1000)
        shop.advance(days=11)
        use(40)
        shop.advance(days=31)

        assert [invoice.total for invoice in shop.invoices(subscription)][-1] == 20
        assert sum(invoice.total for invoice in shop.invoices(subscription)) == 20


class TestPreview:
    def test_shows_the_usage_so_far(self, create, metered, use, preview):
        subscription = create(metered())
        use(300)

        shown = preview(subscription)

        assert [(line.quantity, line.amount) for line in shown.lines] == [(300, 150)]


class TestCancel:
    def test_bills_the_usage_with_invoice_now(self, shop, create, metered, use):
        subscription = create(metered())
        use(300)
        shop.advance(days=3)
        shop.api.subscriptions.cancel(subscription.id, {"invoice_now": True})

        (invoice,) = shop.invoices(subscription)
        assert (invoice.total, invoice.lines.data[0].period.end) == (150, shop.now)

    def test_forgets_the_usage_without(self, shop, create, metered, use):
        subscription = create(metered())
        use(300)
        shop.api.subscriptions.cancel(subscription.id)

        assert shop.invoices(subscription) == []

    def test_bills_the_usage_at_the_scheduled_end(self, shop, create, metered, use):
        subscription = create(metered(), cancel_at_period_end=True)
        use(300)
        shop.advance(days=29)

        assert [invoice.total for invoice in shop.invoices(subscription)] == [150]
        assert shop.subscription(subscription.id).status == "canceled"


class TestChanges:
    @pytest.fixture
    def dearer(self, shop, metered):
        """A second price of the same meter: 1 cent each."""
        first = metered()
        meter = shop.api.prices.retrieve(first).recurring.meter
        recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
        product = shop.api.prices.retrieve(first).product
        given = {"product": product, "currency": "usd", "recurring": recurring, "unit_amount": 1}
        return first, shop.api.prices.create(given).id

    @pytest.mark.parametrize(("mode", "totals"), [("flexible", [150 + 100]), ("classic", [0, 400])])
    def test_of_the_price_bill_usage_as_the_mode_says(self, shop, create, dearer, use, *, mode, totals):
        cheap, dear = dearer
        subscription = create(cheap, billing_mode={"type": mode})
        use(300)
        shop.advance(days=10)
        item = subscription["items"].data[0].id
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": dear}]})
        use(100)
        shop.advance(days=19)

        assert [invoice.total for invoice in shop.invoices(subscription)] == totals

    @pytest.mark.parametrize(("mode", "total"), [("flexible", 1900 + 150), ("classic", 1900)])
    def test_remove_an_item_and_bill_its_usage_in_flexible_mode(self, shop, create, metered, use, *, mode, total):
        subscription = create(shop.price(), metered(), billing_mode={"type": mode})
        use(300)
        shop.advance(days=10)
        items = [{"id": subscription["items"].data[1].id, "deleted": True}]
        shop.api.subscriptions.update(subscription.id, {"items": items})
        use(50)
        shop.advance(days=19)

        assert shop.invoices(subscription)[-1].total == total

    def test_of_the_billing_date_bill_the_usage_so_far(self, shop, create, metered, use):
        subscription = create(shop.price(), metered())
        use(300)
        shop.advance(days=14)  # Half of February.
        anchor = {"billing_cycle_anchor": {"type": "now"}}
        shop.api.subscriptions.update(subscription.id, anchor)

        assert [line.amount for line in shop.invoices(subscription)[-1].lines] == [-950, 150, 1900]
