"""One-time orders that are cancelled before they are paid: the payment is stopped, and late money is never kept."""

import json
from datetime import datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client

from billing import gateway
from billing.models import Price
from sandbox.transport import InProcessClient
from subscriptions import access
from subscriptions.models import Customer, Payment
from subscriptions.payments import paid_after_cancel
from tests.fixtures import LocalStripe
from tests.subscriptions.checkout.test_awaited_payments import deliver_new, end, order, page, sell
from tests.subscriptions.conftest import Meanwhile, buy, settle, sync_now
from tests.subscriptions.rows import MAY

pytestmark = pytest.mark.django_db

LATE = "/admin/subscriptions/payment/?paid_after_cancel=yes"


class RefusesToCancel(InProcessClient):
    """Stripe as its docs have it: the payment of a checkout can't be cancelled by itself."""

    def __init__(self, local_stripe: LocalStripe) -> None:
        super().__init__(local_stripe.sandbox)

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **usage: Any) -> Any:
        if "/payment_intents/" in url and url.endswith("/cancel"):
            message = "You cannot cancel this PaymentIntent because it belongs to a Checkout Session."
            refusal = {"error": {"type": "invalid_request_error", "message": message}}
            return json.dumps(refusal), 400, {"Content-Type": "application/json"}
        return super().request(method, url, headers, post_data, **usage)


def cancel(client: Client, price: Price) -> Any:
    return client.post("/api/cancel", json.dumps({"price_id": price.pk}), content_type="application/json")


def order_by_voucher(local_stripe: LocalStripe, person: User, currency: str, method: str) -> str:
    local_stripe.api.customers.update(Customer.objects.get().pk, {"email": "fill_never@example.com"})
    session_id = order(local_stripe, person, sell(currency, "one_time"), method)
    settle()
    local_stripe.forget_calls()
    return session_id


def pay_after_cancel(client: Client, local_stripe: LocalStripe, session_id: str) -> Payment:
    """Cancel an order that Stripe does not cancel, and pay it afterwards."""
    gateway.use_transport(RefusesToCancel(local_stripe))
    assert cancel(client, Price.objects.get()).status_code == 200
    gateway.use_transport(local_stripe.transport)
    end(local_stripe, session_id, "succeed")
    settle()
    return Payment.objects.get()


@pytest.fixture
def voucher(customer_client: Client, person: User, local_stripe: LocalStripe) -> str:
    """Ada's order of Atlas, to be paid with a voucher; the session's id."""
    return order_by_voucher(local_stripe, person, "mxn", "oxxo")


@pytest.fixture
def late(customer_client: Client, person: User, local_stripe: LocalStripe) -> Payment:
    """An order that Stripe did not cancel, and that was paid afterwards with a voucher that can be refunded."""
    session_id = order_by_voucher(local_stripe, person, "jpy", "konbini")
    return pay_after_cancel(customer_client, local_stripe, session_id)


class TestAnOrderThatWaits:
    def test_is_cancelled_at_stripe_first(
        self, customer_client: Client, voucher: str, local_stripe: LocalStripe
    ) -> None:
        price, payment = Price.objects.get(), Payment.objects.get()
        answer = cancel(customer_client, price)
        assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
        assert (answer.json()["gives_access"], answer.json()["awaits"]) == (False, None)
        assert local_stripe.calls == [f"POST /v1/payment_intents/{payment.payment_intent_id}/cancel"]
        assert local_stripe.api.payment_intents.retrieve(payment.payment_intent_id).status == "canceled"
        account = page(customer_client, "/account/")
        assert "This order was cancelled, so nothing was charged." in account
        assert "waiting for the payment" not in account
        assert "This order was cancelled" in page(customer_client, f"/checkout/success/?session_id={voucher}")

    def test_stays_cancelled_and_can_be_ordered_again(
        self, customer_client: Client, voucher: str, person: User, local_stripe: LocalStripe
    ) -> None:
        price = Price.objects.get()
        cancel(customer_client, price)
        again = cancel(customer_client, price)
        assert (again.status_code, again.json()["status"]) == (200, "canceled")
        settle()
        sync_now(full=True)
        assert Payment.objects.get().status == "canceled"
        assert buy(person, price).url

    def test_is_not_cancelled_when_stripe_is_away(
        self, customer_client: Client, voucher: str, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=5)
        assert cancel(customer_client, Price.objects.get()).status_code == 503
        payment = Payment.objects.get()
        assert (payment.access_ended_at, payment.awaits) == (None, "voucher")

    def test_paid_a_moment_ago_stays_a_purchase(
        self, customer_client: Client, person: User, voucher: str, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        price = Price.objects.get()
        meanwhile.before("POST /v1/payment_intents/", lambda: end(local_stripe, voucher, "succeed"))
        answer = cancel(customer_client, price)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_possible")
        assert "has arrived meanwhile" in answer.json()["error"]["message"]
        assert access.has_access(person, str(price.product_id))

    def test_being_debited_meanwhile_is_not_cancelled(
        self, customer_client: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        price = sell("usd", "one_time")
        order(local_stripe, person, price, "us_bank_account")
        settle()
        # As it was known before the bank began.
        Payment.objects.update(status="requires_action", awaits="confirmation")
        gateway.use_transport(RefusesToCancel(local_stripe))
        assert cancel(customer_client, price).status_code == 400
        payment = Payment.objects.get()
        assert (payment.access_ended_at, payment.awaits) == (None, "debit")


class TestAnOrderThatStripeDoesNotCancel:
    def test_ends_here_and_says_not_to_pay(
        self, customer_client: Client, voucher: str, person: User, local_stripe: LocalStripe
    ) -> None:
        gateway.use_transport(RefusesToCancel(local_stripe))
        answer = cancel(customer_client, Price.objects.get())
        assert answer.status_code == 200
        assert (answer.json()["access_ended_at"] is not None, answer.json()["awaits"]) == (True, None)
        account = page(customer_client, "/account/")
        assert "This order was cancelled. Please don" in account
        assert "t pay the voucher any more; if you have paid already, we refund it." in account
        assert "See the voucher" not in account
        gateway.use_transport(local_stripe.transport)
        assert buy(person, Price.objects.get()).url

    def test_paid_all_the_same_is_shown_to_staff(
        self, admin_client: Client, person: User, late: Payment, local_stripe: LocalStripe
    ) -> None:
        assert (late.status, late.gives_access) == ("succeeded", False)
        assert b"1 order</a> paid after it was cancelled" in admin_client.get("/admin/").content
        listed = admin_client.get(LATE)
        assert [row.pk for row in listed.context["cl"].result_list] == [late.pk]
        assert "Paid after cancel" in listed.content.decode()
        shown = admin_client.get(f"/admin/subscriptions/payment/{quote(late.pk)}/change/").content.decode()
        assert "Paid after cancel" in shown
        admin_client.force_login(person)
        assert "Your payment came after the order was cancelled." in page(admin_client, "/account/")

    def test_is_refunded_by_staff(self, admin_client: Client, late: Payment, local_stripe: LocalStripe) -> None:
        form = {"action": "refund_wholly", "_selected_action": [str(late.pk)]}
        asked = admin_client.post(LATE, form)
        assert (asked.status_code, local_stripe.api.refunds.list().data) == (200, [])
        assert "¥4,900 is refunded." in asked.content.decode()
        shown = admin_client.post(LATE, {**form, "confirmed": "yes"}, follow=True).content.decode()
        assert "Paid after cancel: ¥4,900 refunded." in shown
        assert [refund.amount for refund in local_stripe.api.refunds.list().data] == [4900]
        assert LogEntry.objects.get().change_message == "Paid after cancel: ¥4,900 refunded."
        assert paid_after_cancel.find() == []
        assert b"was cancelled" not in admin_client.get("/admin/").content
        assert admin_client.get(LATE).context["cl"].result_count == 0

    def test_is_given_back_outside_stripe(
        self, admin_client: Client, voucher: str, person: User, local_stripe: LocalStripe
    ) -> None:
        """Stripe refunds no OXXO voucher."""
        client = Client()
        client.force_login(person)
        payment = pay_after_cancel(client, local_stripe, voucher)
        form = {"_selected_action": [str(payment.pk)], "confirmed": "yes"}
        refused = admin_client.post(LATE, {**form, "action": "refund_wholly"}, follow=True).content.decode()
        assert "Payments with OXXO can&#x27;t be refunded." in refused
        assert [one.pk for one in paid_after_cancel.find()] == [payment.pk]
        admin_client.post(LATE, {**form, "action": "mark_given_back"})
        assert LogEntry.objects.get().change_message == "Paid after cancel: given back outside Stripe."
        assert paid_after_cancel.find() == []
        assert "We gave it back on" in page(client, "/account/")

    def test_is_given_back_by_staff_who_may(self, client: Client, late: Payment, local_stripe: LocalStripe) -> None:
        clerk = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename="view_payment"))
        client.force_login(clerk)
        for action in ("refund_wholly", "mark_given_back"):
            client.post(LATE, {"action": action, "_selected_action": [str(late.pk)], "confirmed": "yes"})
        assert local_stripe.api.refunds.list().data == []
        assert [one.pk for one in paid_after_cancel.find()] == [late.pk]

    def test_is_told_by_the_api(self, customer_client: Client, late: Payment) -> None:
        for answer in (customer_client.post("/api/getsubs"), customer_client.get("/api/me")):
            told = answer.json()["payments"][0]
            assert (told["status"], told["gives_access"], told["paid_after_cancel"]) == ("succeeded", False, True)


class TestWithoutTheSuccessPage:
    def test_the_cancelled_intent_is_known_by_the_sync(
        self, customer_client: Client, voucher: str, local_stripe: LocalStripe
    ) -> None:
        """Cancelled in the dashboard."""
        local_stripe.api.payment_intents.cancel(Payment.objects.get().payment_intent_id)
        deliver_new(customer_client, local_stripe, "payment_intent.canceled")
        assert Payment.objects.get().status == "canceled"
        assert not Payment.objects.get().is_awaited


class TestWhenItsPersonGoes:
    @pytest.mark.parametrize("fate", ["nothing", "erase"])
    def test_it_is_cancelled_with_the_user(
        self, admin_client: Client, voucher: str, person: User, local_stripe: LocalStripe, fate: str
    ) -> None:
        intent_id = Payment.objects.get().payment_intent_id
        admin_client.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes", "fate": fate})
        assert not User.objects.filter(username="ada").exists()
        assert local_stripe.api.payment_intents.retrieve(intent_id).status == "canceled"

    def test_nobody_is_deleted_while_the_bank_sends_the_payment(
        self, admin_client: Client, customer: Customer, person: User, local_stripe: LocalStripe
    ) -> None:
        order(local_stripe, person, sell("usd", "one_time"), "us_bank_account")
        settle()
        gateway.use_transport(RefusesToCancel(local_stripe))
        response = admin_client.post(
            f"/admin/auth/user/{person.pk}/delete/", {"post": "yes", "fate": "nothing"}, follow=True
        )
        assert "is on its way from a bank" in response.content.decode()
        assert User.objects.filter(username="ada").exists()

    def test_it_is_cancelled_when_they_are_erased(self, voucher: str, person: User, local_stripe: LocalStripe) -> None:
        intent_id = Payment.objects.get().payment_intent_id
        call_command("erase_customer", "ada", "--no-input")
        assert local_stripe.api.payment_intents.retrieve(intent_id).status == "canceled"
        assert Payment.objects.count() == 0


class TestUnpaid:
    @pytest.mark.parametrize("awaits", ["", "debit", "voucher", "transfer", "confirmation", "failed"])
    @pytest.mark.parametrize("status", Payment.Status.values)
    def test_the_query_and_the_property_agree(self, db: None, status: str, awaits: str) -> None:
        Payment.objects.create(amount=1, currency="usd", status=status, awaits=awaits)
        assert Payment.objects.unpaid().exists() == Payment.objects.get().is_unpaid

    @pytest.mark.parametrize("given_back_at", [None, MAY])
    @pytest.mark.parametrize("was_cancelled", [True, False])
    @pytest.mark.parametrize("status", Payment.Status.values)
    def test_paid_after_cancel_too(
        self, db: None, *, status: str, was_cancelled: bool, given_back_at: datetime | None
    ) -> None:
        Payment.objects.create(
            amount=1, currency="usd", status=status, was_cancelled_unpaid=was_cancelled, given_back_at=given_back_at
        )
        assert Payment.objects.paid_after_cancel().exists() == Payment.objects.get().is_paid_after_cancel
