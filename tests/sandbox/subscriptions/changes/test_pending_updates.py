"""Changes that wait for their payment: `payment_behavior` "pending_if_incomplete"."""

import pytest

from tests.sandbox.shop import at, error_of

HOUR = 3600
NEXT = at("2027-02-28 10:30")
PENDING = {"payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice"}


@pytest.fixture
def half_used(shop, create):
    """A subscription of 19.00 a month, after half of its first period, whose card stopped working."""
    subscription = create()
    shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
    shop.advance(days=14)
    shop.forget_events()
    return shop.subscription(subscription.id)


@pytest.fixture
def upgrade(shop, half_used):
    """Change the subscription to another price, 49.00 a month, pending payment."""
    item = half_used["items"].data[0].id

    def make(amount=4900, **choices):
        items = [{"id": item, "price": shop.price(amount)}]
        return shop.api.subscriptions.update(half_used.id, {"items": items, **PENDING, **choices})

    return make


def amounts(subscription):
    return [item.price.unit_amount for item in subscription["items"].data]


class TestUnpaid:
    def test_leaves_the_subscription_as_it_was(self, shop, half_used, upgrade):
        shop.forget_events()

        pending = upgrade()

        assert (pending.status, amounts(pending), amounts(shop.subscription(pending.id))) == ("active", [1900], [1900])
        update = pending.pending_update
        assert [item.price.unit_amount for item in update.subscription_items] == [4900]
        assert update.expires_at == shop.now + 23 * HOUR
        invoice = shop.api.invoices.retrieve(pending.latest_invoice)
        assert (invoice.status, invoice.amount_due, invoice.billing_reason) == ("open", 1500, "subscription_update")
        assert [line.amount for line in invoice.lines] == [-950, 2450]
        types = shop.new_types()
        assert types.count("customer.subscription.updated") == types.count("invoice.payment_failed") == 1
        assert types.count("invoiceitem.created") == 2

    def test_is_applied_when_its_invoice_is_paid(self, shop, upgrade):
        pending = upgrade()
        shop.forget_events()

        shop.api.invoices.pay(pending.latest_invoice, {"payment_method": "pm_card_visa"})

        applied = shop.subscription(pending.id)
        assert (applied.status, amounts(applied), applied.pending_update) == ("active", [4900], None)
        types = shop.new_types()
        assert types[-2:] == ["customer.subscription.updated", "customer.subscription.pending_update_applied"]
        shop.api.subscriptions.update(pending.id, {"default_payment_method": "pm_card_visa"})
        shop.move_to(NEXT)
        assert shop.invoices(applied)[-1].total == 4900

    def test_expires_after_23_hours(self, shop, upgrade):
        pending = upgrade()
        shop.advance(hours=22)
        assert shop.subscription(pending.id).pending_update is not None
        shop.forget_events()

        shop.advance(hours=1)

        expired = shop.subscription(pending.id)
        assert (expired.status, amounts(expired), expired.pending_update) == ("active", [1900], None)
        assert shop.api.invoices.retrieve(pending.latest_invoice).status == "void"
        assert shop.new_types()[-1] == "customer.subscription.pending_update_expired"
        shop.api.subscriptions.update(pending.id, {"default_payment_method": "pm_card_visa"})
        shop.move_to(NEXT)
        assert shop.invoices(expired)[-1].total == 1900

    def test_expires_with_its_period(self, shop, upgrade):
        shop.move_to(NEXT - HOUR)

        assert upgrade(900_000).pending_update.expires_at == NEXT

    def test_waits_for_3d_secure(self, shop, half_used, upgrade):
        shop.api.subscriptions.update(half_used.id, {"default_payment_method": "pm_card_authenticationRequired"})
        pending = upgrade()
        invoice = shop.api.invoices.retrieve(pending.latest_invoice, {"expand": ["payments"]})
        intent = invoice.payments.data[0].payment.payment_intent

        shop.control(f"payments/{intent}", outcome="succeed")

        assert amounts(shop.subscription(pending.id)) == [4900]

    def test_is_dropped_with_its_invoice(self, shop, upgrade):
        pending = upgrade()

        shop.api.invoices.void_invoice(pending.latest_invoice)

        assert shop.subscription(pending.id).pending_update is None

    def test_is_dropped_by_another_change(self, shop, upgrade):
        pending = upgrade()

        shop.api.subscriptions.update(pending.id, {"metadata": {"a": "b"}})
        assert shop.subscription(pending.id).pending_update is not None
        shop.api.subscriptions.update(pending.id, {"cancel_at_period_end": True})

        assert shop.subscription(pending.id).pending_update is None
        assert shop.api.invoices.retrieve(pending.latest_invoice).status == "void"

    def test_is_dropped_by_the_cancelation(self, shop, upgrade):
        pending = upgrade()
        shop.api.subscriptions.cancel(pending.id)
        shop.advance(days=2)

        ended = shop.subscription(pending.id)
        assert (ended.status, ended.pending_update) == ("canceled", None)

    def test_keeps_a_trial_until_then(self, shop, create):
        subscription = create(trial_period_days=10)
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": "pm_card_chargeCustomerFail"})
        shop.advance(days=5)
        pending = shop.api.subscriptions.update(subscription.id, {"trial_end": "now", **PENDING})
        assert (pending.status, pending.trial_end) == ("trialing", subscription.trial_end)
        assert pending.pending_update.trial_end == shop.now
        began = shop.now
        shop.advance(hours=2)

        shop.api.invoices.pay(pending.latest_invoice, {"payment_method": "pm_card_visa"})

        applied = shop.subscription(subscription.id)
        (item,) = applied["items"].data
        assert (applied.status, applied.trial_end, item.current_period_start) == ("active", began, began)

    def test_keeps_new_prices_and_items(self, shop, half_used):
        product = shop.api.products.create({"name": "Seats"}).id
        data = {"product": product, "currency": "usd", "unit_amount": 700, "recurring": {"interval": "month"}}
        items = [{"price_data": data, "quantity": 2}]
        pending = shop.api.subscriptions.update(half_used.id, {"items": items, **PENDING, "metadata": {"a": "b"}})
        shop.api.invoices.pay(pending.latest_invoice, {"payment_method": "pm_card_visa"})

        applied = shop.subscription(pending.id)
        assert [(item.price.unit_amount, item.quantity) for item in applied["items"].data] == [(1900, 1), (700, 2)]
        assert (pending.pending_update.metadata.to_dict(), applied.metadata.to_dict()) == ({"a": "b"}, {"a": "b"})
        assert shop.api.prices.retrieve(applied["items"].data[1].price.id).product == product


class TestPaid:
    def test_is_applied_at_once(self, shop, create):
        subscription = create()
        shop.advance(days=14)
        item = subscription["items"].data[0].id

        changed = shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": item, "price": shop.price(4900)}], **PENDING}
        )

        assert (amounts(changed), changed.pending_update) == ([4900], None)
        assert [invoice.total for invoice in shop.invoices(subscription)] == [1900, 1500]

    def test_is_applied_at_once_if_nothing_is_due(self, shop, upgrade):
        changed = upgrade(proration_behavior="create_prorations")

        assert (amounts(changed), changed.pending_update) == ([4900], None)

    @pytest.mark.parametrize(
        "behavior", ["allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete"]
    )
    def test_is_applied_at_once_if_invoices_are_sent(self, shop, create, behavior):
        subscription = create(collection_method="send_invoice", days_until_due=30)
        shop.advance(days=14)
        items = [{"id": subscription["items"].data[0].id, "price": shop.price(4900)}]

        changed = shop.api.subscriptions.update(
            subscription.id, {"items": items, **PENDING, "payment_behavior": behavior}
        )

        assert (changed.status, amounts(changed), changed.pending_update) == ("active", [4900], None)
        invoice = shop.api.invoices.retrieve(changed.latest_invoice)
        assert (invoice.status, invoice.amount_due, invoice.due_date) == ("open", 1500, shop.now + 30 * 24 * HOUR)
        assert invoice.attempt_count == 0


class TestRefusals:
    @pytest.mark.parametrize("name", ["description", "default_payment_method", "collection_method"])
    def test_names_what_can_not_wait(self, shop, half_used, name):
        given = {"description": "x", "default_payment_method": "pm_card_visa", "collection_method": "send_invoice"}
        error = error_of(shop.api.subscriptions.update, half_used.id, {name: given[name], **PENDING})

        assert (error.http_status, error.param, shop.new_types()) == (400, name, [])

    def test_names_the_behavior_with_a_schedule(self, shop, half_used, upgrade, scheduled):
        scheduled(half_used)

        assert error_of(upgrade).param == "payment_behavior"

    def test_pausing_waits(self, shop, upgrade):
        pending = upgrade()

        assert "pending update" in error_of(shop.api.subscriptions.pause, pending.id).user_message
