"""Invoices that a program creates: drafts, their items and lines, finalizing, sending, deleting."""

import pytest

from tests.sandbox.shop import NOW, error_of, ids

DAY = 86_400
HOUR = 3600


@pytest.fixture
def draft(shop, customer):
    """A draft with one item of 10.00 USD."""
    shop.api.invoice_items.create({"customer": customer, "amount": 1000, "description": "Setup fee"})
    return shop.api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})


class TestCreate:
    def test_bills_pending_items_as_stripe_recorded(self, shop, customer):
        item = shop.api.invoice_items.create({"customer": customer, "amount": 1000, "description": "Setup fee"})

        invoice = shop.api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})

        assert (item.invoice, item.parent, item.proration, item.pricing.unit_amount_decimal) == (
            None,
            None,
            False,
            1000,
        )
        assert (invoice.status, invoice.billing_reason, invoice.auto_advance) == ("draft", "manual", False)
        assert (invoice.amount_due, invoice.total, invoice.number, invoice.ending_balance) == (1000, 1000, None, None)
        assert invoice.rendering.pdf.page_size == "auto"
        (line,) = invoice.lines.data
        assert (invoice.lines.total_count, line.amount, line.description) == (1, 1000, "Setup fee")
        assert line.parent.invoice_item_details.to_dict() == {
            "invoice_item": item.id,
            "proration": False,
            "proration_details": {"credited_items": None},
            "subscription": None,
        }
        assert shop.api.invoice_items.retrieve(item.id).invoice == invoice.id

    def test_leaves_pending_items_alone_by_default(self, shop, customer):
        item = shop.api.invoice_items.create({"customer": customer, "amount": 1000})

        invoice = shop.api.invoices.create({"customer": customer})

        assert (invoice.lines.data, invoice.amount_due) == ([], 0)
        assert ids(shop.api.invoice_items.list({"pending": True})) == [item.id]

    def test_refuses_to_include_nothing(self, shop, customer):
        error = error_of(shop.api.invoices.create, {"customer": customer, "pending_invoice_items_behavior": "include"})

        assert (error.http_status, error.code) == (400, "invoice_no_customer_line_items")
        assert shop.api.invoices.list().data == []

    def test_for_a_subscription_begins_with_its_period(self, shop, create):
        subscription = create()
        shop.advance(days=3)

        invoice = shop.api.invoices.create({"subscription": subscription.id})

        assert (invoice.period_start, invoice.period_end) == (NOW, NOW + 3 * DAY)
        assert invoice.parent.subscription_details.subscription == subscription.id
        paid = shop.api.invoices.pay(invoice.id)
        assert (paid.status, paid.attempt_count, paid.attempted) == ("paid", 0, True)

    @pytest.mark.parametrize(
        ("choices", "param"),
        [
            ({"due_date": NOW + DAY}, "due_date"),
            ({"days_until_due": 3}, "days_until_due"),
            ({"collection_method": "send_invoice"}, "due_date"),
            ({"collection_method": "send_invoice", "due_date": NOW - DAY}, "due_date"),
            ({"default_payment_method": "pm_none"}, "default_payment_method"),
            ({"automatic_tax": {"enabled": True}}, "automatic_tax[enabled]"),
        ],
    )
    def test_refuses_terms_that_contradict(self, shop, customer, choices, param):
        error = error_of(shop.api.invoices.create, {"customer": customer, **choices})

        assert (error.http_status, error.param) == (400, param)
        assert shop.api.invoices.list().data == []


class TestItems:
    def test_on_a_draft_have_a_line_there(self, shop, customer, coupon):
        invoice = shop.api.invoices.create({"customer": customer})
        shop.forget_events()

        item = shop.api.invoice_items.create(
            {"customer": customer, "invoice": invoice.id, "amount": 1900, "discounts": [{"coupon": coupon()}]}
        )

        after = shop.api.invoices.retrieve(invoice.id)
        assert (after.subtotal, after.total, after.amount_due, after.discounts) == (950, 950, 950, [])
        (taken,) = after.total_discount_amounts
        assert (taken.amount, [taken.discount]) == (950, item.discounts)
        assert (after.lines.data[0].amount, "net_amount" in item) == (1900, False)
        assert [kind for kind in shop.new_types() if kind.startswith("invoice")] == [
            "invoiceitem.created",
            "invoice.updated",
        ]

    def test_change_and_go_with_their_line(self, shop, draft):
        (line,) = draft.lines.data
        item = line.parent.invoice_item_details.invoice_item

        shop.api.invoice_items.update(item, {"amount": 700})
        assert shop.api.invoices.retrieve(draft.id).amount_due == 700
        shop.api.invoice_items.delete(item)

        assert shop.api.invoices.retrieve(draft.id).lines.data == []
        assert "invoiceitem.deleted" in shop.new_types()

    def test_cannot_change_once_the_invoice_is_finalized(self, shop, draft):
        item = draft.lines.data[0].parent.invoice_item_details.invoice_item
        shop.api.invoices.finalize_invoice(draft.id)

        for call in (shop.api.invoice_items.delete, lambda each: shop.api.invoice_items.update(each, {"amount": 1})):
            assert error_of(call, item).code == "invoice_not_editable"
        assert shop.api.invoice_items.retrieve(item).amount == 1000

    def test_take_one_time_prices(self, shop, customer):
        price = shop.price(250, interval=None, name="Sticker")

        item = shop.api.invoice_items.create({"customer": customer, "pricing": {"price": price}, "quantity": 3})

        assert (item.amount, item.quantity, item.description) == (750, 3, "Sticker")
        assert item.pricing.price_details.price == price
        recurring = {"customer": customer, "pricing": {"price": shop.price()}}
        assert error_of(shop.api.invoice_items.create, recurring).param == "pricing[price]"

    def test_of_a_customer_are_billed_with_the_next_renewal(self, shop, create):
        subscription = create(shop.price(2800))
        shop.api.invoice_items.create({"customer": subscription.customer, "amount": 500})

        shop.advance(days=32)

        assert [line.amount for line in shop.invoices(subscription)[-1].lines.data] == [500, 2800]

    def test_of_another_subscription_wait_for_it(self, shop, create):
        subscription, other = create(shop.price(2800)), create(shop.price(9900, interval="year"))
        shop.api.invoice_items.create({"customer": subscription.customer, "amount": 500, "subscription": other.id})

        shop.advance(days=32)

        assert shop.invoices(subscription)[-1].total == 2800
        assert len(shop.api.invoice_items.list({"pending": True}).data) == 1


class TestFinalize:
    def test_gives_a_number_and_waits_for_payment(self, shop, draft):
        shop.forget_events()

        invoice = shop.api.invoices.finalize_invoice(draft.id)

        assert (invoice.status, invoice.number[-5:], invoice.ending_balance) == ("open", "-0001", 0)
        assert invoice.rendering.pdf.page_size == "letter"
        assert shop.new_types() == ["customer.updated", "invoice.finalized", "payment_intent.created"]
        assert shop.api.invoices.pay(draft.id).status == "paid"

    def test_of_an_advancing_invoice_charges_an_hour_later(self, shop, draft):
        invoice = shop.api.invoices.finalize_invoice(draft.id, {"auto_advance": True})
        assert invoice.next_payment_attempt == NOW + HOUR

        shop.advance(hours=1)

        paid = shop.api.invoices.retrieve(draft.id)
        assert (paid.status, paid.attempt_count, paid.status_transitions.paid_at) == ("paid", 1, NOW + HOUR)

    def test_happens_by_itself_when_a_draft_advances(self, shop, draft):
        shop.api.invoices.update(draft.id, {"auto_advance": True})
        assert shop.api.invoices.retrieve(draft.id).automatically_finalizes_at == NOW + HOUR

        shop.advance(hours=1)

        paid = shop.api.invoices.retrieve(draft.id)
        assert (paid.status, paid.status_transitions.finalized_at) == ("paid", NOW + HOUR)


class TestDelete:
    def test_makes_items_pending_again(self, shop, draft):
        shop.forget_events()

        assert shop.api.invoices.delete(draft.id).deleted is True

        assert len(shop.api.invoice_items.list({"pending": True}).data) == 1
        assert shop.new_types() == ["invoice.deleted"]
        assert error_of(shop.api.invoices.retrieve, draft.id).http_status == 404

    def test_is_for_drafts(self, shop, draft):
        shop.api.invoices.finalize_invoice(draft.id)

        assert error_of(shop.api.invoices.delete, draft.id).http_status == 400
        assert shop.api.invoices.retrieve(draft.id).status == "open"


class TestRenewalDrafts:
    def test_stay_drafts_for_an_hour_when_asked(self, shop, create):
        shop.control("invoices", draft_seconds=HOUR)
        subscription = create(shop.price(2800))
        end = subscription["items"].data[0].current_period_end
        shop.move_to(end)
        draft = shop.invoices(subscription)[-1]
        assert (draft.status, draft.automatically_finalizes_at, draft.auto_advance) == ("draft", end + HOUR, True)
        shop.api.invoice_items.create({"customer": subscription.customer, "invoice": draft.id, "amount": 200})

        shop.advance(hours=1)

        paid = shop.api.invoices.retrieve(draft.id)
        assert (paid.status, paid.total, paid.status_transitions.finalized_at) == ("paid", 3000, end + HOUR)


class TestBalance:
    def test_pays_first_and_is_used_up(self, shop, customer, draft):
        shop.api.customers.balance_transactions.create(customer, {"amount": -1300, "currency": "usd"})

        invoice = shop.api.invoices.finalize_invoice(draft.id)

        assert (invoice.starting_balance, invoice.ending_balance, invoice.amount_due) == (-1300, -300, 0)
        assert (invoice.status, invoice.amount_paid) == ("paid", 0)
        used, _ = shop.api.customers.balance_transactions.list(customer).data
        assert (used.type, used.amount, used.ending_balance, used.invoice) == (
            "applied_to_invoice",
            1000,
            -300,
            invoice.id,
        )

    def test_takes_amounts_that_are_too_small(self, shop, customer):
        shop.api.invoice_items.create({"customer": customer, "amount": 30})
        invoice = shop.api.invoices.create({"customer": customer, "pending_invoice_items_behavior": "include"})

        paid = shop.api.invoices.pay(invoice.id)

        assert (paid.status, paid.total, paid.amount_due, paid.ending_balance) == ("paid", 30, 0, 30)
        (kept,) = shop.api.customers.balance_transactions.list(customer).data
        assert (kept.type, kept.amount) == ("invoice_too_small", 30)
        assert shop.api.customers.retrieve(customer).balance == 30

    def test_is_given_back_when_the_invoice_is_void(self, shop, customer, draft):
        shop.api.customers.update(customer, {"balance": -300})
        shop.api.invoices.finalize_invoice(draft.id)
        assert shop.api.customers.retrieve(customer).balance == 0

        shop.api.invoices.void_invoice(draft.id)

        assert shop.api.customers.retrieve(customer).balance == -300
        types = [each.type for each in shop.api.customers.balance_transactions.list(customer)]
        assert types == ["unapplied_from_invoice", "applied_to_invoice", "adjustment"]

    def test_of_a_new_customer_is_its_first_transaction(self, shop):
        customer = shop.customer(balance=-500)

        (first,) = shop.api.customers.balance_transactions.list(customer).data

        assert (first.type, first.amount, first.ending_balance) == ("initial", -500, -500)


class TestSentInvoices:
    @pytest.fixture
    def sent(self, shop, buyer):
        """A subscription whose invoices are due in 14 days."""
        terms = {"collection_method": "send_invoice", "days_until_due": 14}
        return shop.api.subscriptions.create({"customer": buyer, "items": [{"price": shop.price()}], **terms})

    def test_become_overdue_with_their_subscription(self, shop, sent):
        assert (sent.status, shop.new_types().count("invoice.sent")) == ("active", 1)

        shop.advance(days=14)

        types = shop.new_types()
        assert [types.count(f"invoice.{kind}") for kind in ("will_be_due", "overdue", "payment_failed")] == [1, 1, 0]
        assert shop.subscription(sent.id).status == "past_due"
        assert shop.api.customers.retrieve(sent.customer).delinquent is True
        shop.api.invoices.pay(sent.latest_invoice, {"paid_out_of_band": True})
        assert shop.subscription(sent.id).status == "active"

    def test_are_not_reminded_of_once_paid(self, shop, sent):
        shop.api.invoices.pay(sent.latest_invoice, {"payment_method": "pm_card_visa"})
        shop.forget_events()

        shop.advance(days=20)

        assert shop.new_types() == []

    def test_are_still_reminded_of_while_a_debit_is_on_its_way(self, shop, sent):
        method = shop.api.payment_methods.attach("pm_usBankAccount_success", {"customer": sent.customer}).id
        shop.advance(days=10.5)
        assert shop.api.invoices.pay(sent.latest_invoice, {"payment_method": method}).status == "open"
        shop.forget_events()

        shop.advance(days=3.75)

        types = shop.new_types()
        assert [types.count(f"invoice.{kind}") for kind in ("will_be_due", "overdue", "paid")] == [1, 1, 0]

    def test_are_listed_by_their_due_date(self, shop, sent):
        due = shop.api.invoices.retrieve(sent.latest_invoice).due_date

        assert ids(shop.api.invoices.list({"due_date": {"lte": due}})) == [sent.latest_invoice]
        assert shop.api.invoices.list({"due_date": {"gt": due}}).data == []

    def test_alone_are_sent(self, shop, draft):
        error = error_of(shop.api.invoices.send_invoice, draft.id)

        assert error.user_message == (
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
        assert shop.api.invoices.retrieve(draft.id).status == "draft"
