"""What staff who may only look can't do with money."""

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Payment, Refund, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.rows import MAY, bill, subscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client: Client, local_stripe: LocalStripe) -> Client:
    """A browser in which a member of staff is signed in who may look at all of it."""
    user = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(content_type__app_label="subscriptions", codename__startswith="view_")
    )
    client.force_login(user)
    return client


@pytest.fixture
def payment_row(customer: Customer, price: Price) -> Payment:
    return Payment.objects.create(
        payment_intent_id="pi_1", customer=customer, product=price.product, price=price, amount=4900,
        currency="usd", status="succeeded", stripe_created_at=MAY,
    )  # fmt: skip


@pytest.mark.usefixtures("payment_row")
class TestLooking:
    def test_refunds_nothing(self, viewer: Client, customer: Customer, local_stripe: LocalStripe) -> None:
        invoice, payment = bill(customer, status="paid", amount_paid=1900), Payment.objects.get()
        local_stripe.forget_calls()
        form = {"amount": "1.00", "reason": "", "request_id": "r"}
        for page in (f"invoice/{quote(invoice.pk)}", f"payment/{quote(payment.pk)}"):
            shown = viewer.get(f"/admin/subscriptions/{page}/change/")
            assert (shown.status_code, f"{page}/refund/" in shown.content.decode()) == (200, False)
            assert viewer.get(f"/admin/subscriptions/{page}/refund/").status_code == 403
            assert viewer.post(f"/admin/subscriptions/{page}/refund/", form).status_code == 403
        assert (Refund.objects.count(), local_stripe.calls) == (0, [])

    def test_undoes_nothing(self, viewer: Client, customer: Customer, price: Price, local_stripe: LocalStripe) -> None:
        chosen = {
            ("subscription", "cancel_and_refund"): subscribe(customer, price).pk,
            ("payment", "refund_wholly"): Payment.objects.get().pk,
        }
        local_stripe.forget_calls()
        for (page, action), row in chosen.items():
            viewer.post(
                f"/admin/subscriptions/{page}/?paid_twice=newer",
                {"action": action, "_selected_action": [row], "confirmed": "yes"},
            )
        assert local_stripe.calls == []
        assert (Subscription.objects.get().status, Payment.objects.get().gives_access) == ("active", True)
