"""Renewals are announced a week before, by an invoice that does not exist yet."""

from tests.sandbox.shop import NOW, at

DAY = 86_400
FIRST = at("2027-02-28 10:30")


def announced(shop):
    return [event for event in shop.events() if event["type"] == "invoice.upcoming"]


def billed(invoice):
    """Return the invoice's lines without their ids."""
    own = {"id", "invoice"}
    return [{name: line[name] for name in line.keys() - own} for line in invoice["lines"]["data"]]


class TestUpcoming:
    def test_shows_the_next_invoice_without_an_id(self, shop, create):
        subscription = create(shop.price(2800))
        shop.api.invoice_items.create({"customer": subscription.customer, "amount": 200})

        shop.move_to(FIRST - 7 * DAY)

        (event,) = announced(shop)
        invoice = event["data"]["object"]
        assert ("id" in invoice, event["created"]) == (False, FIRST - 7 * DAY)
        assert (invoice["amount_due"], invoice["billing_reason"], invoice["number"]) == (3000, "upcoming", None)
        assert invoice["parent"]["subscription_details"]["subscription"] == subscription.id
        assert len(shop.invoices(subscription)) == 1

    def test_shows_what_the_renewal_then_drafts(self, shop, create):
        subscription = create(shop.price(2800))
        shop.api.invoice_items.create({"customer": subscription.customer, "amount": 200})
        announced_only = {"billing_reason", "ending_balance", "lines", "next_payment_attempt", "webhooks_delivered_at"}

        shop.move_to(FIRST)

        events = shop.events()
        (preview,) = [event["data"]["object"] for event in events if event["type"] == "invoice.upcoming"]
        drafted = next(
            event["data"]["object"]
            for event in events
            if event["type"] == "invoice.created" and event["created"] == FIRST
        )
        assert preview.keys() == drafted.keys() - {"id"}
        differing = {name for name in preview if preview[name] != drafted[name]}
        assert differing == announced_only
        assert billed(preview) == billed(drafted)

    def test_comes_before_every_renewal_of_a_year(self, shop, create):
        subscription, told = create(), set()

        for week in range(1, 53):
            shop.move_to(NOW + week * 7 * DAY)
            told |= {event["id"] for event in announced(shop)}  # Events are kept for 30 days.

        assert len(shop.invoices(subscription)) == 12
        assert len(told) == 12

    def test_is_not_sent_for_what_ends(self, shop, create):
        subscription = create()
        shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})

        shop.move_to(FIRST + DAY)

        assert announced(shop) == []

    def test_comes_when_a_control_says_so(self, shop, create):
        shop.control("invoices", upcoming_days=3)
        create()
        shop.move_to(FIRST - 4 * DAY)
        assert announced(shop) == []

        shop.move_to(FIRST - 3 * DAY)

        assert [event["created"] for event in announced(shop)] == [FIRST - 3 * DAY]
        shop.control("invoices", upcoming_days=0)
        shop.advance(days=60)
        assert announced(shop) == []
