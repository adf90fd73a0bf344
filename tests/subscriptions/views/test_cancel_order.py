"""The page on which people cancel a one-time order that is not paid yet."""

import uuid
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from subscriptions.models import Customer, Payment
from tests.fixtures import LocalStripe
from tests.subscriptions.checkout.test_awaited_payments import end, order, sell
from tests.subscriptions.conftest import Meanwhile, settle
from tests.subscriptions.reading import Step, section, shown, steps, words
from tests.subscriptions.rows import MAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def voucher(customer_client: Client, person: User, local_stripe: LocalStripe) -> Payment:
    """Ada's order of Atlas, to be paid with a voucher."""
    order(local_stripe, person, sell("mxn", "one_time"), "oxxo")
    settle()
    local_stripe.forget_calls()
    return Payment.objects.get()


def path_of(payment: Payment) -> str:
    return f"/orders/{payment.pk}/cancel/"


class TestAnOrder:
    def test_is_cancelled_from_the_account(
        self, customer_client: Client, voucher: Payment, local_stripe: LocalStripe
    ) -> None:
        account = section(shown(customer_client, "/account/"), "payments")
        assert Step("Cancel the order of Atlas", "get", path_of(voucher)) in steps(account)
        page = words(shown(customer_client, path_of(voucher)))
        assert "Cancel your order of Atlas It is not paid yet: the order is cancelled, and nothing is charged." in page
        assert "If you have paid the voucher already, please keep the order" in page
        assert local_stripe.calls == []
        answer = customer_client.post(path_of(voucher), follow=True)
        assert "Your order is cancelled, and nothing is charged." in words(answer.content.decode())
        assert local_stripe.calls == [f"POST /v1/payment_intents/{voucher.payment_intent_id}/cancel"]
        assert local_stripe.api.payment_intents.retrieve(voucher.payment_intent_id).status == "canceled"
        assert "Cancel the order" not in shown(customer_client, "/account/")
        assert "This order was cancelled. Go to your account" in words(shown(customer_client, path_of(voucher)))

    def test_that_was_paid_a_moment_ago_is_kept(
        self, customer_client: Client, person: User, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        session_id = order(local_stripe, person, sell("mxn", "one_time"), "oxxo")
        settle()
        paid = Payment.objects.get()
        meanwhile.before("POST /v1/payment_intents/", lambda: end(local_stripe, session_id, "succeed"))
        answer = customer_client.post(path_of(paid))
        assert (answer.status_code, b"Your payment has arrived meanwhile" in answer.content) == (400, True)
        assert Payment.objects.get().access_ended_at is None

    def test_when_stripe_is_away_stays(
        self, customer_client: Client, voucher: Payment, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=5)
        assert customer_client.post(path_of(voucher)).status_code == 503
        assert Payment.objects.get().awaits == "voucher"

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({"status": "succeeded"}, "This order is paid, so it can\N{RIGHT SINGLE QUOTATION MARK}t be cancelled."),
            ({"status": "processing", "awaits": "debit"}, "Your bank is sending the payment"),
            ({"status": "processing"}, "can\N{RIGHT SINGLE QUOTATION MARK}t be cancelled here."),
            (
                {
                    "status": "requires_action",
                    "awaits": "voucher",
                    "access_ended_at": MAY,
                    "was_cancelled_unpaid": True,
                },
                "This order was cancelled.",
            ),
        ],
    )
    def test_that_is_not_awaited_is_left_as_it_is(
        self,
        customer_client: Client,
        customer: Customer,
        local_stripe: LocalStripe,
        *,
        columns: dict[str, Any],
        said: str,
    ) -> None:
        bought = Payment.objects.create(
            customer=customer, amount=500, currency="usd", payment_intent_id="pi_1", **columns
        )
        local_stripe.forget_calls()
        assert said in words(shown(customer_client, path_of(bought)))
        answer = customer_client.post(path_of(bought))
        assert (answer.status_code, local_stripe.calls) == (400, [])
        after = Payment.objects.get()
        assert (after.access_ended_at, after.status) == (columns.get("access_ended_at"), columns["status"])


class TestWhose:
    def test_somebody_elses_is_not_found(self, client: Client, voucher: Payment, local_stripe: LocalStripe) -> None:
        client.force_login(User.objects.create_user("eve", "eve@example.com", "correct horse battery"))
        local_stripe.forget_calls()
        for path in (path_of(voucher), f"/orders/{uuid.uuid4()}/cancel/"):
            assert (client.get(path).status_code, client.post(path).status_code) == (404, 404)
        assert (local_stripe.calls, Payment.objects.get().awaits) == ([], "voucher")

    def test_somebody_who_is_not_signed_in_signs_in_first(self, voucher: Payment) -> None:
        answer = Client().post(path_of(voucher))
        assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path_of(voucher)}")

    def test_other_methods_are_refused(self, customer_client: Client, voucher: Payment) -> None:
        assert customer_client.put(path_of(voucher)).status_code == 405
        assert customer_client.get("/orders/1/cancel/").status_code == 404
