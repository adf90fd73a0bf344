import pytest

from tests.sandbox.shop import NOW, at, error_of
from tests.wording import starting

DAY = 86_400
CLASSIC = {"type": "classic"}
NEXT_MONTH = at("2027-02-28 10:30")


class TestChange:
    def item(self, subscription):
        return subscription["items"].data[0].id

    def test_merges_metadata(self, shop, create):
        subscription = create(metadata={"a": "1", "b": "2"})

        changed = shop.api.subscriptions.update(subscription.id, {"metadata": {"a": "", "c": "3"}})

        assert changed.metadata.to_dict() == {"b": "2", "c": "3"}

    def test_swaps_the_price_and_keeps_ids_and_period(self, shop, create):
        subscription, dearer = create(), shop.price(4900)
        shop.forget_events()

        changed = shop.api.subscriptions.update(
            subscription.id,
            {"items": [{"id": self.item(subscription), "price": dearer}], "proration_behavior": "none"},
        )

        (item,) = changed["items"].data
        assert (changed.id, item.id) == (subscription.id, self.item(subscription))
        assert (item.price.id, item.plan.id, item.quantity) == (dearer, dearer, 1)
        assert (item.current_period_start, item.current_period_end) == (NOW, NEXT_MONTH)
        (event,) = shop.new_events()
        assert event["type"] == "customer.subscription.updated"
        assert event["data"]["previous_attributes"]["items"]["data"][0]["price"]["unit_amount"] == 1900

    def test_bills_the_difference_with_the_next_invoice(self, shop, create):
        subscription, dearer = create(shop.price(2800)), shop.price(5600)
        shop.advance(days=14)

        changed = shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": self.item(subscription), "price": dearer}]}
        )

        assert changed.latest_invoice == subscription.latest_invoice
        shop.move_to(NEXT_MONTH)
        _, renewal = shop.invoices(subscription)
        assert [line.amount for line in renewal.lines.data] == [-1400, 2800, 5600]
        prorated = [line.parent.subscription_item_details.proration for line in renewal.lines.data[:2]]
        assert (prorated, renewal.total, renewal.status) == ([True, True], 7000, "paid")
        assert [(line.period.start, line.period.end) for line in renewal.lines.data[:2]] == [
            (NOW + 14 * DAY, NEXT_MONTH)
        ] * 2

    def test_counts_prorations_from_the_date_given(self, shop, create):
        subscription = create(shop.price(2800))
        shop.advance(days=14)

        shop.api.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": self.item(subscription), "quantity": 2}],
                "proration_date": NOW + 7 * DAY,
                "proration_behavior": "always_invoice",
            },
        )

        _, invoice = shop.invoices(subscription)
        assert [line.amount for line in invoice.lines.data] == [-2100, 4200]
        assert (invoice.billing_reason, invoice.status, invoice.amount_paid) == ("subscription_update", "paid", 2100)
        assert shop.subscription(subscription.id).latest_invoice == invoice.id

    def test_credits_the_balance_for_later_invoices(self, shop, create, customer):
        subscription, cheaper = create(shop.price(2800)), shop.price(1000)

        shop.api.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": self.item(subscription), "price": cheaper}],
                "proration_behavior": "always_invoice",
            },
        )

        assert shop.api.customers.retrieve(customer).balance == -1800
        shop.move_to(NEXT_MONTH)
        renewal = shop.invoices(subscription)[-1]
        assert (renewal.total, renewal.starting_balance, renewal.amount_due) == (1000, -1800, 0)
        assert (renewal.ending_balance, renewal.status) == (-800, "paid")
        assert shop.api.customers.retrieve(customer).balance == -800

    def test_adds_and_removes_items(self, shop, create):
        first, second = shop.price(2800), shop.price(1400)
        subscription = create(first)

        added = shop.api.subscriptions.update(
            subscription.id, {"items": [{"price": second, "quantity": 2}], "proration_behavior": "none"}
        )
        removed = shop.api.subscriptions.update(
            subscription.id,
            {"items": [{"id": self.item(subscription), "deleted": True}], "proration_behavior": "none"},
        )

        assert [(item.price.id, item.quantity) for item in added["items"].data] == [(first, 1), (second, 2)]
        assert [(item.price.id, item.quantity) for item in removed["items"].data] == [(second, 2)]
        listed = shop.api.subscription_items.list({"subscription": subscription.id})
        assert [item.id for item in listed] == [removed["items"].data[0].id]

    def test_begins_a_new_period_with_another_interval_in_classic_mode(self, shop, create):
        subscription, yearly = create(shop.price(2800), billing_mode=CLASSIC), shop.price(24000, interval="year")
        shop.advance(days=14)

        changed = shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": self.item(subscription), "price": yearly}]}
        )

        now = NOW + 14 * DAY
        (item,) = changed["items"].data
        assert (item.current_period_start, item.current_period_end) == (now, at("2028-02-14 10:30"))
        assert changed.billing_cycle_anchor == now
        invoice = shop.api.invoices.retrieve(changed.latest_invoice)
        assert [line.amount for line in invoice.lines.data] == [-1400, 24000]
        assert (invoice.amount_paid, invoice.billing_reason) == (22600, "subscription_update")

    def test_an_empty_text_removes_the_payment_method(self, shop, create):
        subscription = create()
        given = shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_visa"})

        changed = shop.api.subscriptions.update(subscription.id, {"default_payment_method": ""})

        assert given.default_payment_method is not None
        assert changed.default_payment_method is None

    def test_changes_nothing_if_error_if_incomplete_is_declined(self, shop, create):
        subscription, yearly = create(shop.price(2800)), shop.price(24000, interval="year")
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        before = shop.subscription(subscription.id).to_dict()

        error = error_of(
            shop.api.subscriptions.update,
            subscription.id,
            {
                "items": [{"id": self.item(subscription), "price": yearly}],
                "billing_cycle_anchor": {"type": "now"},
                "payment_behavior": "error_if_incomplete",
            },
        )

        assert (error.http_status, error.code) == (402, "card_declined")
        assert shop.subscription(subscription.id).to_dict() == before
        assert len(shop.invoices(subscription)) == 1

    def test_sends_the_invoice_of_one_that_is_not_charged(self, shop, create):
        terms = {"collection_method": "send_invoice", "days_until_due": 14}
        subscription, yearly = create(shop.price(2800), **terms), shop.price(24000, interval="year")

        changed = shop.api.subscriptions.update(
            subscription.id,
            {
                "items": [{"id": self.item(subscription), "price": yearly}],
                "billing_cycle_anchor": {"type": "now"},
                "proration_behavior": "none",
                "payment_behavior": "error_if_incomplete",
            },
        )

        assert changed["items"].data[0].price.id == yearly
        invoice = shop.api.invoices.retrieve(changed.latest_invoice)
        assert (invoice.status, invoice.amount_due, invoice.attempted) == ("open", 24000, False)

    def test_takes_error_if_incomplete_before_the_first_invoice(self, shop, create, metered):
        subscription, flat = create(metered()), shop.price(500)
        assert subscription.latest_invoice is None
        items = [{"id": self.item(subscription), "price": flat, "quantity": 1}]

        changed = shop.api.subscriptions.update(
            subscription.id, {"items": items, "payment_behavior": "error_if_incomplete"}
        )

        assert changed["items"].data[0].price.id == flat

    def test_costs_nothing_in_trial(self, shop, create):
        subscription, dearer = create(trial_period_days=10), shop.price(4900)

        shop.api.subscriptions.update(subscription.id, {"items": [{"id": self.item(subscription), "price": dearer}]})

        shop.advance(days=10)
        assert [invoice.total for invoice in shop.invoices(subscription)] == [0, 4900]

    def test_resets_the_quantity_with_the_price(self, shop, create):
        subscription, other = create(), shop.price(4900)
        item = self.item(subscription)
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "quantity": 5}]})

        changed = shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": other}]})

        assert changed["items"].data[0].quantity == 1

    def test_ends_a_trial_now(self, shop, create):
        subscription = create(trial_period_days=10)
        shop.advance(days=2)

        changed = shop.api.subscriptions.update(subscription.id, {"trial_end": "now"})

        now = NOW + 2 * DAY
        assert (changed.status, changed.trial_end, changed.billing_cycle_anchor) == ("active", now, now)
        assert changed["items"].data[0].current_period_start == now
        assert [invoice.amount_paid for invoice in shop.invoices(subscription)] == [0, 1900]

    def test_moves_the_end_of_a_trial(self, shop, create):
        subscription = create(trial_period_days=10)

        changed = shop.api.subscriptions.update(subscription.id, {"trial_end": NOW + 20 * DAY})

        assert (changed.trial_end, changed["items"].data[0].current_period_end) == (NOW + 20 * DAY, NOW + 20 * DAY)
        shop.advance(days=19)
        assert shop.subscription(subscription.id).status == "trialing"

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"items": [{"id": "si_none", "quantity": 2}]}, "items[0][id]"),
            ({"items": [{"price": "price_none"}]}, "items[0][price]"),
            ({"proration_date": NOW - 1, "items": [{"quantity": 1}]}, "proration_date"),
            ({"billing_cycle_anchor": "now"}, "billing_cycle_anchor"),
            ({"default_payment_method": "pm_none"}, "default_payment_method"),
            ({"trial_end": NOW}, "trial_end"),
        ],
    )
    def test_names_the_wrong_parameter(self, shop, create, change, param):
        subscription = create()
        before = shop.subscription(subscription.id).to_dict()

        error = error_of(shop.api.subscriptions.update, subscription.id, change)

        assert (error.http_status, error.param) == (400, param)
        assert shop.subscription(subscription.id).to_dict() == before

    def test_refuses_to_delete_the_last_item(self, shop, create):
        subscription = create()

        error = error_of(
            shop.api.subscriptions.update,
            subscription.id,
            {"items": [{"id": self.item(subscription), "deleted": True}]},
        )

        assert error.user_message == starting("A subscription must have at least one active plan.")

    def test_shows_the_current_price_object(self, shop, create):
        price = shop.price()
        subscription = create(price)

        shop.api.prices.update(price, {"active": False, "nickname": "Old"})

        (item,) = shop.subscription(subscription.id)["items"].data
        assert (item.price.active, item.price.nickname, item.plan.nickname) == (False, "Old", "Old")
        (listed,) = shop.api.subscriptions.list()
        assert listed["items"].data[0].price.nickname == "Old"
