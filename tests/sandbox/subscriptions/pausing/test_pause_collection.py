"""Pausing only the collection of payments."""

import pytest

from tests.sandbox.shop import NOW, at, error_of

DAY = 86_400
FIRST, SECOND, THIRD = at("2027-02-28 10:30"), at("2027-03-31 10:30"), at("2027-04-30 10:30")


@pytest.fixture
def held(shop, create):
    """Return a subscription whose collection is paused with this behavior."""

    def hold(behavior, **choices):
        subscription = create()
        given = {"pause_collection": {"behavior": behavior, **choices}}
        return shop.api.subscriptions.update(subscription.id, given)

    return hold


class TestPauseCollection:
    def test_changes_the_subscription_only(self, shop, create):
        subscription = create()
        shop.forget_events()

        changed = shop.api.subscriptions.update(subscription.id, {"pause_collection": {"behavior": "void"}})

        assert changed.status == "active"
        assert changed.pause_collection.to_dict() == {"behavior": "void", "resumes_at": None}
        (event,) = shop.new_events()
        assert event["type"] == "customer.subscription.updated"
        assert event["data"]["previous_attributes"] == {"pause_collection": None}

    @pytest.mark.parametrize(
        ("behavior", "status", "event"),
        [
            ("keep_as_draft", "draft", None),
            ("void", "void", "invoice.voided"),
            ("mark_uncollectible", "uncollectible", "invoice.marked_uncollectible"),
        ],
    )
    def test_decides_what_becomes_of_each_renewal(self, shop, held, behavior, status, event):
        subscription = held(behavior)
        shop.forget_events()

        shop.move_to(FIRST)

        invoice = shop.invoices(subscription)[-1]
        assert (invoice.status, invoice.amount_paid, invoice.attempt_count) == (status, 0, 0)
        assert invoice.billing_reason == "subscription_cycle"
        renewed = shop.subscription(subscription.id)
        assert (renewed.status, renewed["items"].data[0].current_period_end) == ("active", SECOND)
        types = shop.new_types()
        assert "charge.succeeded" not in types
        assert "invoice.paid" not in types
        assert event is None or event in types

    def test_keeps_drafts_from_advancing(self, shop, held):
        subscription = held("keep_as_draft")

        shop.move_to(SECOND)

        assert [invoice.auto_advance for invoice in shop.invoices(subscription)] == [False, False, False]
        assert [invoice.status for invoice in shop.invoices(subscription)] == ["paid", "draft", "draft"]

    def test_resumes_by_the_clock(self, shop, held):
        subscription = held("void", resumes_at=SECOND - DAY)

        shop.move_to(SECOND - DAY - 1)
        assert shop.subscription(subscription.id).pause_collection.resumes_at == SECOND - DAY
        shop.forget_events()
        shop.move_to(SECOND - DAY)

        assert shop.subscription(subscription.id).pause_collection is None
        assert shop.new_types() == ["customer.subscription.updated"]
        shop.move_to(THIRD)
        assert [invoice.status for invoice in shop.invoices(subscription)] == ["paid", "void", "paid", "paid"]

    def test_is_removed_by_an_empty_text(self, shop, held):
        subscription = held("mark_uncollectible")

        assert shop.api.subscriptions.update(subscription.id, {"pause_collection": ""}).pause_collection is None

        shop.move_to(FIRST)
        assert shop.invoices(subscription)[-1].status == "paid"

    def test_leaves_the_balance_alone_when_it_voids(self, shop, held, customer):
        subscription = held("void")
        shop.api.customers.update(customer, {"balance": -500})

        shop.move_to(FIRST)

        assert shop.api.customers.retrieve(customer).balance == -500
        assert shop.invoices(subscription)[-1].status == "void"

    def test_holds_the_bill_of_a_change(self, shop, held):
        subscription = held("void")
        item = subscription["items"].data[0].id

        shop.api.subscriptions.update(
            subscription.id, {"items": [{"id": item, "quantity": 3}], "proration_behavior": "always_invoice"}
        )

        assert [invoice.status for invoice in shop.invoices(subscription)] == ["paid", "void"]

    def test_lasts_a_year(self, shop, held):
        subscription = held("void")

        shop.move_to(at("2028-01-31 10:30"))

        statuses = [invoice.status for invoice in shop.invoices(subscription)]
        assert statuses == ["paid"] + ["void"] * 12
        assert shop.subscription(subscription.id).status == "active"

    def test_refuses_a_past_date(self, held):
        error = error_of(held, "void", resumes_at=NOW - 1)

        assert error.param == "pause_collection[resumes_at]"
