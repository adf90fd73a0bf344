"""A preview's contents; that it changes nothing and equals the next invoice. Amounts: test_proration_figures.py."""

import pytest

from tests.sandbox.shop import NOW, at, error_of
from tests.wording import starting

DAY = 86_400
NEXT_MONTH = at("2027-02-28 10:30")


@pytest.fixture
def upgrade(shop):
    """Return `items` for a change from 28.00 to 56.00 a month."""

    def items(subscription, **choices):
        return [{"id": subscription["items"].data[0].id, "price": shop.price(5600, **choices), "quantity": 1}]

    return items


def counts(shop):
    """Return the number of objects of each kind."""
    return shop.programs.get("/_sandbox/state").get_json()["objects"]


class TestShape:
    def test_has_ids_and_members_of_a_preview(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        shop.advance(days=14)

        shown = preview(subscription, items=upgrade(subscription))

        assert shown.id == starting("upcoming_in_")
        assert (shown.object, shown.status, shown.billing_reason) == ("invoice", "draft", "upcoming")
        assert (shown.number, shown.hosted_invoice_url, shown.invoice_pdf) == (None, None, None)
        assert (shown.created, shown.period_start, shown.period_end) == (NEXT_MONTH, NOW, NEXT_MONTH)
        assert (shown.attempted, shown.attempt_count, shown.amount_paid) == (False, 0, 0)
        assert (shown.amount_due, shown.amount_remaining, shown.total) == (7000, 7000, 7000)
        assert {line.invoice for line in shown.lines.data} == {shown.id}
        assert [line.id for line in shown.lines.data] == [starting("il_tmp_")] * len(shown.lines.data)
        assert shown.parent.subscription_details.subscription == subscription.id
        assert error_of(shop.api.invoices.retrieve, shown.id).http_status == 404

    def test_contains_the_proration_date(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        shop.advance(days=14)

        now = preview(subscription, items=upgrade(subscription))
        earlier = preview(subscription, items=upgrade(subscription), proration_date=NOW + 7 * DAY)

        assert now.parent.subscription_details.subscription_proration_date == NOW + 14 * DAY
        assert earlier.parent.subscription_details.subscription_proration_date == NOW + 7 * DAY
        assert [line.amount for line in earlier.lines.data] == [-2100, 4200, 5600]
        assert "subscription_proration_date" not in preview(subscription).parent.subscription_details

    def test_distinguishes_new_prorations_from_pending_ones(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        shop.advance(days=14)
        item = subscription["items"].data[0].id
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.price(4200)}]})

        waiting, _, mine, _, period = preview(subscription, items=upgrade(subscription)).lines.data

        assert waiting.parent.subscription_item_details.proration is True
        assert waiting.parent.subscription_item_details.invoice_item == starting("ii_")
        assert mine.parent.subscription_item_details.proration is True
        assert mine.parent.subscription_item_details.invoice_item is None
        assert mine.parent.subscription_item_details.subscription_item == item
        assert period.parent.subscription_item_details.proration is False

    def test_is_expanded_like_an_invoice(self, create, preview):
        subscription = create()

        shown = preview(subscription, expand=["customer", "payments"])

        assert (shown.customer.email, shown.payments.data) == ("ada@example.com", [])

    def test_applies_the_customers_balance(self, shop, create, preview):
        subscription = create(shop.price(2800))
        item = subscription["items"].data[0].id
        shop.api.subscriptions.update(
            subscription.id,
            {"items": [{"id": item, "price": shop.price(800)}], "proration_behavior": "always_invoice"},
        )

        shown = preview(subscription)

        assert (shown.total, shown.starting_balance, shown.amount_due, shown.ending_balance) == (800, -2000, 0, -1200)


class TestChangesNothing:
    @pytest.mark.parametrize(
        "details",
        [
            {},
            {"cancel_now": True},
            {"trial_end": NOW + 60 * DAY},
            {"billing_cycle_anchor": {"type": "now"}},
            {"cancel_at": NOW + 70 * DAY},
        ],
    )
    def test_for_any_preview(self, shop, create, preview, details):
        subscription = create(shop.price(2800))
        shop.advance(days=14)
        before = counts(shop), shop.events(), shop.subscription(subscription.id).to_dict()

        preview(subscription, **details)

        assert (counts(shop), shop.events(), shop.subscription(subscription.id).to_dict()) == before
        assert shop.now == NOW + 14 * DAY

    def test_for_a_change_that_would_be_billed_now(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        items = upgrade(subscription, interval="year")
        before = counts(shop), shop.events(), shop.subscription(subscription.id).to_dict()

        shown = preview(subscription, items=items, proration_behavior="always_invoice")

        assert [line.amount for line in shown.lines.data] == [-2800, 5600]
        assert (shown.created, shown.period_end) == (NOW, NOW)
        assert (counts(shop), shop.events(), shop.subscription(subscription.id).to_dict()) == before

    def test_when_the_card_would_be_declined(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        items = upgrade(subscription)
        shop.forget_events()

        shown = preview(subscription, items=items, proration_behavior="always_invoice")

        assert (shown.amount_due, shown.status) == (2800, "draft")
        assert shop.new_types() == []
        assert shop.subscription(subscription.id).status == "active"


class TestEqualsTheInvoice:
    @pytest.mark.parametrize("behavior", ["create_prorations", "always_invoice"])
    def test_to_the_cent_with_the_same_proration_date(self, shop, create, preview, upgrade, behavior):
        subscription = create(shop.price(2800))
        shop.advance(days=3, seconds=12_345)
        items = upgrade(subscription)
        shown = preview(subscription, items=items, proration_behavior=behavior)

        shop.advance(minutes=9)
        shop.api.subscriptions.update(
            subscription.id,
            {
                "items": items,
                "proration_behavior": behavior,
                "proration_date": shown.parent.subscription_details.subscription_proration_date,
            },
        )
        shop.move_to(NEXT_MONTH)

        invoice = shop.invoices(subscription)[1]
        assert [line.amount for line in invoice.lines.data] == [line.amount for line in shown.lines.data]
        assert [line.description for line in invoice.lines.data] == [line.description for line in shown.lines.data]
        assert (invoice.total, invoice.amount_due) == (shown.total, shown.amount_due)

    def test_without_a_change(self, shop, create, preview):
        subscription = create(shop.price(2800))
        shown = preview(subscription)

        shop.move_to(NEXT_MONTH)

        renewal = shop.invoices(subscription)[-1]
        assert (shown.total, shown.created) == (renewal.total, renewal.created) == (2800, NEXT_MONTH)

    def test_shows_the_first_invoice_after_a_trial(self, shop, create, preview):
        subscription = create(shop.price(2800), trial_period_days=10)

        assert preview(subscription).created == NOW + 10 * DAY
        assert preview(subscription).total == 2800
        assert preview(subscription, trial_end="now").created == NOW


class TestWhatIsPreviewed:
    def test_with_no_prorations_is_the_plain_renewal(self, create, preview, upgrade, shop):
        subscription = create(shop.price(2800))
        shop.advance(days=14)

        shown = preview(subscription, items=upgrade(subscription), proration_behavior="none")

        assert [line.amount for line in shown.lines.data] == [5600]
        assert "subscription_proration_date" not in shown.parent.subscription_details

    def test_recurring_leaves_out_prorations(self, shop, create, preview, upgrade):
        subscription = create(shop.price(2800))
        shop.advance(days=14)
        item = subscription["items"].data[0].id
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "quantity": 2}]})

        shown = preview(subscription, items=upgrade(subscription), mode="recurring")

        assert [line.amount for line in shown.lines.data] == [5600]

    def test_can_be_the_customers_next_invoice(self, shop, create, customer):
        create(shop.price(24_000, interval="year"))
        create(shop.price(2800))
        create(shop.price(1000), trial_period_days=60)

        shown = shop.api.invoices.create_preview({"customer": customer})

        assert (shown.total, shown.created) == (2800, NEXT_MONTH)

    def test_can_be_a_new_subscription(self, shop, customer):
        items = [{"price": shop.price(2800), "quantity": 3}]
        shop.forget_events()

        shown = shop.api.invoices.create_preview({"customer": customer, "subscription_details": {"items": items}})

        assert (shown.total, shown.created, shown.customer) == (8400, NOW, customer)
        assert shop.new_types() == []
        assert shop.api.subscriptions.list().data == []

    def test_can_have_another_discount(self, shop, create, preview):
        coupon = shop.api.coupons.create({"percent_off": 25, "duration": "forever"})
        subscription = create(shop.price(2800))

        shown = shop.api.invoices.create_preview(
            {"subscription": subscription.id, "discounts": [{"coupon": coupon.id}]}
        )

        assert (shown.subtotal, shown.total) == (2800, 2100)
        assert shop.subscription(subscription.id).discounts == []
        assert shop.api.coupons.retrieve(coupon.id).times_redeemed == 0

    def test_of_cancel_now_bills_pending_prorations(self, shop, create, preview):
        subscription = create(shop.price(2800))
        shop.advance(days=14)
        item = subscription["items"].data[0].id
        shop.api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": shop.price(5600)}]})

        without = preview(subscription, cancel_now=True, proration_behavior="none")
        prorated = preview(subscription, cancel_now=True)

        assert [line.amount for line in without.lines.data] == [-1400, 2800]
        assert [line.amount for line in prorated.lines.data] == [-1400, 2800, -2800]
        assert (without.total, prorated.total, prorated.amount_due) == (1400, -1400, 0)
