"""Money given back by staff, here and in the dashboard; and what was paid twice."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing import gateway
from billing.models import Price
from subscriptions.models import CheckoutSession, Customer, Invoice, Payment, Refund, Subscription
from subscriptions.payments import duplicates
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import settle, sync_now
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.rows import MAY, bill

pytestmark = pytest.mark.django_db

PAID_TWICE = "/admin/subscriptions/subscription/?paid_twice=newer"


@pytest.fixture
def invoice(paid_session: CheckoutSession, local_stripe: LocalStripe) -> Invoice:
    """The first invoice of ada's Pro, 19.00 USD, paid."""
    for event in local_stripe.events("invoice.finalized", "invoice.paid"):
        deliver(Client(), event)
    settle()
    local_stripe.forget_calls()
    return Invoice.objects.get()


def refund_page(row: Payment | Invoice) -> str:
    return f"/admin/subscriptions/{type(row).__name__.lower()}/{quote(row.pk)}/refund/"


def give_back(client: Client, row: Payment | Invoice, amount: str) -> Any:
    page = client.get(refund_page(row))
    assert page.status_code == 200
    request_id = re.search(r'name="request_id" value="(\w+)"', page.content.decode())
    assert request_id is not None
    return client.post(refund_page(row), {"amount": amount, "reason": "", "request_id": request_id[1]})


def amounts_on(client: Client, row: Payment | Invoice | Refund) -> dict[str, str]:
    """What the row's page in the admin shows in its currency, by the field's name."""
    page = client.get(f"/admin/subscriptions/{type(row).__name__.lower()}/{quote(row.pk)}/change/").content.decode()
    assert "minor unit" not in page
    return dict(re.findall(r'form-row field-(\w+)_display">.*?class="readonly">(.*?)<', page, re.DOTALL))


class TestOfAPurchase:
    def test_in_part_keeps_access(
        self, admin_client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        assert give_back(admin_client, paid_handbook, "10.00").status_code == 302
        refund = Refund.objects.get()
        assert (refund.amount, refund.currency, refund.customer_id) == (1000, "usd", paid_handbook.customer_id)
        assert [theirs.amount for theirs in local_stripe.api.refunds.list().data] == [1000]
        paid_handbook.refresh_from_db()
        assert paid_handbook.gives_access

    def test_is_shown_to_staff_before_the_next_one(self, admin_client: Client, paid_handbook: Payment) -> None:
        give_back(admin_client, paid_handbook, "10.00")
        refund = Refund.objects.get()
        link = f'<a href="/admin/subscriptions/refund/{quote(refund.pk)}/change/">$10.00 (Refunded)</a>'
        assert link in admin_client.get(refund_page(paid_handbook).replace("refund/", "change/")).content.decode()
        page = admin_client.get(refund_page(paid_handbook)).content.decode()
        assert f"$49.00 by {paid_handbook.customer} for Handbook" in page
        assert "Earlier refunds" in page
        assert "At most $39.00." in page

    def test_pages_show_amounts_in_the_currency(self, admin_client: Client, paid_handbook: Payment) -> None:
        give_back(admin_client, paid_handbook, "10.00")
        assert amounts_on(admin_client, paid_handbook) == {"amount": "$49.00"}
        assert amounts_on(admin_client, Refund.objects.get()) == {"amount": "$10.00"}

    def test_wholly_ends_access(self, admin_client: Client, paid_handbook: Payment) -> None:
        give_back(admin_client, paid_handbook, "9.00")
        give_back(admin_client, paid_handbook, "40.00")
        paid_handbook.refresh_from_db()
        assert not paid_handbook.gives_access

    def test_the_form_sent_twice_gives_back_once(
        self, admin_client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        form = {"amount": "10.00", "reason": "", "request_id": "abc"}
        admin_client.post(refund_page(paid_handbook), form)
        admin_client.post(refund_page(paid_handbook), form)
        assert len(local_stripe.api.refunds.list().data) == 1

    @pytest.mark.parametrize("amount", ["50.00", "0", "-1", "10.001", "", "all"])
    def test_bad_amounts_say_what_is_left(
        self, admin_client: Client, paid_handbook: Payment, local_stripe: LocalStripe, amount: str
    ) -> None:
        response = give_back(admin_client, paid_handbook, amount)
        assert response.status_code == 200
        assert b"At most $49.00." in response.content
        assert (Refund.objects.count(), local_stripe.api.refunds.list().data) == (0, [])

    def test_more_than_is_left(self, admin_client: Client, paid_handbook: Payment) -> None:
        give_back(admin_client, paid_handbook, "40.00")
        response = give_back(admin_client, paid_handbook, "10.00")
        assert b"at most $9.00" in response.content
        assert Refund.objects.count() == 1

    def test_in_the_dashboard_comes_by_itself(
        self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        for event in local_stripe.events("refund.created", "refund.updated"):
            assert deliver(client, event).status_code == 200
        paid_handbook.refresh_from_db()
        assert (Refund.objects.get().customer_id, paid_handbook.gives_access) == (paid_handbook.customer_id, False)

    def test_stripe_down_gives_nothing_back(
        self, admin_client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        page = {"amount": "10.00", "reason": "", "request_id": "abc"}
        local_stripe.control("faults", status="timeout", count=3)
        response = admin_client.post(refund_page(paid_handbook), page)
        assert response.status_code == 200
        assert b"be reached" in response.content
        assert Refund.objects.count() == 0

    def test_is_for_staff_who_may(self, customer_client: Client, paid_handbook: Payment, person: User) -> None:
        assert customer_client.get(refund_page(paid_handbook)).status_code == 302
        User.objects.filter(pk=person.pk).update(is_staff=True)
        assert customer_client.get(refund_page(paid_handbook)).status_code == 403


class TestOfAnInvoice:
    def test_leads_back_to_a_page_that_exists(self, admin_client: Client, customer: Customer) -> None:
        unpaid = bill(customer, "in_5Cx")  # Django's admin reads "_5C" in an address as a backslash.
        response = admin_client.get(refund_page(unpaid), follow=True)
        assert response.request["PATH_INFO"] == "/admin/subscriptions/invoice/in_5F5Cx/change/"
        assert b"nothing left to refund" in response.content
        assert refund_page(unpaid) not in response.content.decode()

    def test_page_ends_with_when_it_was_copied(self, admin_client: Client, invoice: Invoice) -> None:
        page = admin_client.get(f"/admin/subscriptions/invoice/{quote(invoice.pk)}/change/").content.decode()
        said, known = page.split("Last update from Stripe")
        assert re.findall(r"form-row field-(\w+)", known) == ["known_from", "known_until", "version"]
        assert "Copied at" in known
        assert {"stripe_created_at", "status", "total_display"} < set(re.findall(r"form-row field-(\w+)", said))

    def test_page_shows_amounts_in_the_currency(self, admin_client: Client, invoice: Invoice) -> None:
        assert amounts_on(admin_client, invoice) == {
            "total": "$19.00",
            "amount_due": "$19.00",
            "amount_paid": "$19.00",
            "amount_remaining": "$0.00",
            "starting_balance": "$0.00",
            "ending_balance": "$0.00",
            "credited_before_payment": "$0.00",
            "credited_after_payment": "$0.00",
            "amount_overpaid": "$0.00",
        }

    def test_in_part(self, admin_client: Client, invoice: Invoice, local_stripe: LocalStripe) -> None:
        assert give_back(admin_client, invoice, "5.00").status_code == 302
        refund = Refund.objects.get()
        assert (refund.amount, refund.invoice_id, refund.customer_id) == (500, invoice.pk, invoice.customer_id)
        assert Subscription.objects.get().status == "active"

    def test_is_shown_to_staff_before_the_next_one(self, admin_client: Client, invoice: Invoice) -> None:
        give_back(admin_client, invoice, "5.00")
        page = admin_client.get(refund_page(invoice).replace("refund/", "change/")).content.decode()
        assert "$5.00 (Refunded)" in page
        page = admin_client.get(refund_page(invoice)).content.decode()
        assert f"$19.00 by {invoice.customer}<" in page

    def test_is_shown_to_the_customer(self, admin_client: Client, person: User, invoice: Invoice) -> None:
        give_back(admin_client, invoice, "5.00")
        admin_client.force_login(person)
        for page in ("/account/invoices/", "/account/"):
            assert b"$5.00" in admin_client.get(page).content


class TestTwicePaid:
    @pytest.fixture
    def second(self, paid_session: CheckoutSession, price: Price, local_stripe: LocalStripe) -> str:
        """Another subscription to Pro, made for ada in the dashboard, an hour later."""
        settle()
        local_stripe.control("clock", advance=3600)
        customer = str(CheckoutSession.objects.get(pk=paid_session.pk).customer_id)
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer})
        second = local_stripe.api.subscriptions.create(
            {"customer": customer, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        settle()
        return str(second.id)

    def test_is_found(self, second: str) -> None:
        assert [subscription.pk for subscription in duplicates.newer_subscriptions()] == [second]

    def test_is_shown_to_staff(self, admin_client: Client, second: str) -> None:
        listed = admin_client.get("/admin/subscriptions/subscription/?paid_twice=newer")
        assert [row.pk for row in listed.context["cl"].result_list] == [second]

    def test_is_told_where_staff_begin(self, admin_client: Client, second: str) -> None:
        assert b"1 subscription</a>" in admin_client.get("/admin/").content
        Subscription.objects.filter(pk=second).update(status="canceled")
        assert b"pays twice" not in admin_client.get("/admin/").content

    def test_is_told_before_it_is_done(self, admin_client: Client, second: str, local_stripe: LocalStripe) -> None:
        local_stripe.forget_calls()
        form = {"action": "cancel_and_refund", "_selected_action": [second]}
        page = admin_client.post(PAID_TWICE, form).content.decode()
        assert "It is cancelled now and not charged again" in page
        assert "All that was paid for it is refunded: $19.00." in page
        assert "The customer keeps the older subscription to Pro, with its access." in page
        assert "Stripe keeps its fees for payments that are refunded." in page
        assert f'<input type="hidden" name="_selected_action" value="{second}">' in page
        assert (local_stripe.calls, LogEntry.objects.count()) == ([], 0)
        assert Subscription.objects.filter(status="active").count() == 2

    @pytest.mark.parametrize("codename", ["add_refund", "change_subscription"])
    def test_needs_the_right_to_cancel_and_the_right_to_refund(
        self, client: Client, second: str, local_stripe: LocalStripe, codename: str
    ) -> None:
        clerk = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=["view_subscription", codename]))
        client.force_login(clerk)
        client.post(PAID_TWICE, {"action": "cancel_and_refund", "_selected_action": [second], "confirmed": "yes"})
        assert Subscription.objects.filter(status="active").count() == 2
        assert local_stripe.api.refunds.list().data == []

    def test_confirmed_it_cancels_and_refunds_the_newer(
        self, admin_client: Client, second: str, local_stripe: LocalStripe
    ) -> None:
        form = {"action": "cancel_and_refund", "_selected_action": [second], "confirmed": "yes"}
        page = admin_client.post(PAID_TWICE, form, follow=True).content.decode()
        assert f"Subscription {second}: Paid twice: cancelled, $19.00 refunded." in page
        assert LogEntry.objects.get().change_message == "Paid twice: cancelled, $19.00 refunded."
        assert dict(Subscription.objects.values_list("pk", "status")).pop(second) == "canceled"
        assert Subscription.objects.filter(status="active").count() == 1
        assert [refund.amount for refund in local_stripe.api.refunds.list().data] == [1900]
        assert duplicates.newer_subscriptions() == []

    def test_is_not_called_refunded_when_an_invoice_can_not_be_read(
        self, admin_client: Client, second: str, local_stripe: LocalStripe
    ) -> None:
        invoice_id = Invoice.objects.get(subscription=second).pk
        Invoice.objects.all().delete()
        client = AlteringClient(local_stripe)
        client.alter("/v1/invoices", lambda objects: [obj.update(currency=7) for obj in objects])
        gateway.use_transport(client)
        form = {"action": "cancel_and_refund", "_selected_action": [second], "confirmed": "yes"}
        page = admin_client.post(PAID_TWICE, form, follow=True).content.decode()
        assert f"Look at invoice {invoice_id} in Stripe&#x27;s dashboard: it may still have to be refunded." in page
        assert "cancelled and refunded" not in page
        logged = LogEntry.objects.get().change_message
        assert logged.startswith("Paid twice: cancelled, but not all was refunded. Look at invoice")
        assert local_stripe.api.refunds.list().data == []
        client.stop()
        duplicates.cancel_and_refund(Subscription.objects.get(pk=second))
        assert len(local_stripe.api.refunds.list().data) == 1

    def test_touches_nothing_that_is_paid_once(
        self, admin_client: Client, second: str, local_stripe: LocalStripe
    ) -> None:
        first = Subscription.objects.exclude(pk=second).get().pk
        form = {"action": "cancel_and_refund", "_selected_action": [first], "confirmed": "yes"}
        for path in ("/admin/subscriptions/subscription/", PAID_TWICE):
            admin_client.post(path, form)
        assert Subscription.objects.filter(status="active").count() == 2
        assert local_stripe.api.refunds.list().data == []

    def test_clicked_again_refunds_nothing_more(
        self, admin_client: Client, second: str, local_stripe: LocalStripe
    ) -> None:
        form = {"action": "cancel_and_refund", "_selected_action": [second], "confirmed": "yes"}
        admin_client.post(PAID_TWICE, form)
        admin_client.post(PAID_TWICE, form)
        assert len(local_stripe.api.refunds.list().data) == 1
        sync_now()
        assert Refund.objects.count() == 1


class TestPurchasedTwice:
    @pytest.fixture
    def second(self, paid_handbook: Payment, local_stripe: LocalStripe) -> Payment:
        """Another Handbook, sold to ada in the dashboard, an hour later."""
        local_stripe.control("clock", advance=3600)
        intent = local_stripe.api.payment_intents.create(
            {
                "amount": 4900, "currency": "usd", "customer": str(paid_handbook.customer_id), "confirm": True,
                "payment_method": "pm_card_visa", "return_url": "https://example.com/",
            }
        )  # fmt: skip
        columns = {
            name: getattr(paid_handbook, name) for name in ("customer", "product", "price", "amount", "currency")
        }
        return Payment.objects.create(
            payment_intent_id=intent.id, status="succeeded", stripe_created_at=MAY, **columns
        )  # fmt: skip

    def test_is_told_before_it_is_refunded(
        self, admin_client: Client, second: Payment, local_stripe: LocalStripe
    ) -> None:
        page = "/admin/subscriptions/payment/?paid_twice=newer"
        form = {"action": "refund_wholly", "_selected_action": [str(second.pk)]}
        asked = admin_client.post(page, form).content.decode()
        assert "$49.00 is refunded, and the access that it gives ends." in asked
        assert "The older purchase of the same product stays, with its access." in asked
        assert local_stripe.api.refunds.list().data == []
        admin_client.post(page, {**form, "confirmed": "yes"})
        assert LogEntry.objects.get().change_message == "Paid twice: $49.00 refunded."
        assert [refund.amount for refund in local_stripe.api.refunds.list().data] == [4900]
        assert [payment.gives_access for payment in Payment.objects.order_by("stripe_created_at")] == [True, False]
