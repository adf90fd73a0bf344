"""What the admin says to staff: nothing that did not happen, and nothing that they can't do there."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions.customers import api_tokens
from subscriptions.models import Customer, Invoice, Payment, Refund, Subscription, TrialGrant, WebhookEvent
from subscriptions.monitoring.doctor.people import check_people
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions import reading
from tests.subscriptions.rows import MAY, bill, subscribe

pytestmark = pytest.mark.django_db


# The list of customers leaves out those that are archived.
LISTS = {"customer": "?listed=all"}


def act(office: Client, model: str, action: str, *rows: Any) -> list[str]:
    """The messages after an action of the list."""
    chosen: dict[str, Any] = {"action": action, "_selected_action": [row.pk for row in rows]}
    page = office.post(f"/admin/subscriptions/{model}/{LISTS.get(model, '')}", chosen, follow=True)
    return [str(message) for message in page.context["messages"]]


def clerk(client: Client, *codenames: str) -> Client:
    """A browser in which a member of staff with these permissions is signed in."""
    user = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(user)
    return client


class TestCustomers:
    def test_only_archived_ones_are_restored(self, admin_client: Client, customer: Customer) -> None:
        said = ["Nothing to restore: no chosen customer is archived."]
        assert act(admin_client, "customer", "restore", customer) == said
        archived = Customer.objects.create(pk="cus_2", archived_at=timezone.now())
        assert act(admin_client, "customer", "restore", customer, archived) == ["1 restored."]

    def test_archived_ones_are_not_archived_again(self, admin_client: Client) -> None:
        long_ago = timezone.now() - timedelta(days=9)
        archived = Customer.objects.create(pk="cus_2", archived_at=long_ago)
        said = ["The chosen customers are archived already."]
        assert act(admin_client, "customer", "archive", archived) == said

    def test_of_somebody_are_said_to_be_theirs(self, admin_client: Client, customer: Customer) -> None:
        page = admin_client.get(f"/admin/subscriptions/customer/{quote(customer.pk)}/link/").content.decode()
        assert "This customer is linked to ada already." in reading.words(page)


class TestPaidTwice:
    @pytest.fixture(autouse=True)
    def twice(self, customer: Customer, price: Price) -> None:
        subscribe(customer, price, stripe_created_at=MAY)
        subscribe(customer, price, pk="sub_2", stripe_created_at=MAY + timedelta(days=1))

    @pytest.mark.parametrize(
        ("may", "said"),
        [
            ((), ""),
            (("view_payment",), ""),
            (("view_subscription",), "A customer pays twice for the same product: 1 subscription"),
            (
                ("view_subscription", "change_subscription", "add_refund"),
                (
                    "A customer pays twice for the same product: 1 subscription "
                    "\N{EN DASH} select them there, and refund them with one action."
                ),
            ),
        ],
    )
    def test_is_said_to_those_who_may_see_it(self, client: Client, may: tuple[str, ...], said: str) -> None:
        shown = reading.words(clerk(client, *may).get("/admin/").content.decode())
        assert ("pays twice" in shown) == bool(said)
        assert said in shown
        assert ("refund them" in shown) == ("add_refund" in may)


class TestInvoices:
    def test_one_in_preparation_is_said_in_words(self, admin_client: Client, customer: Customer) -> None:
        bill(customer, status="draft")
        answer = admin_client.post("/admin/subscriptions/invoice/in_5F1/void/", follow=True)
        said = [str(message) for message in answer.context["messages"]]
        assert said == ["Invoice NUMBER-in_1 is not open (Being prepared), so nothing was changed."]

    @pytest.mark.parametrize(
        ("case", "said"),
        [
            (("active", "void"), "(active) goes on. If it should end as well, cancel it in Stripe's dashboard."),
            (("incomplete", "void"), "(first payment pending) can't start any more: this is its first invoice."),
            (("incomplete", "write-off"), "(first payment pending) goes on."),
        ],
    )
    def test_say_what_becomes_of_the_subscription(
        self, admin_client: Client, customer: Customer, price: Price, case: tuple[str, str], said: str
    ) -> None:
        status, page = case
        invoice = bill(customer, subscription=subscribe(customer, price, status, latest_invoice_id="in_1"))
        shown = admin_client.get(f"/admin/subscriptions/invoice/{quote(invoice.pk)}/{page}/").content.decode()
        assert f"Subscription sub_1 {said}" in reading.words(shown)


class TestWebhookEvents:
    def test_stripe_away_is_said_in_words(self, admin_client: Client, price: Price, local_stripe: LocalStripe) -> None:
        event = local_stripe.events("product.created")[0]
        deliver(admin_client, event | {"api_version": "2020-08-27"})
        WebhookEvent.objects.update(state="failed")
        local_stripe.control("faults", status=500, count=9)
        (said,) = act(admin_client, "webhookevent", "process_again", WebhookEvent.objects.get())
        assert said.startswith(f"Event {event['id']} (product.created) failed again. Stripe can't be reached, so ")
        assert "StripeUnavailable" not in said


class TestDeletingUsers:
    def test_unpaid_orders_are_named_beside_what_runs(
        self, admin_client: Client, person: User, customer: Customer, price: Price
    ) -> None:
        subscribe(customer, price)
        shown = reading.words(admin_client.get(f"/admin/auth/user/{person.pk}/delete/").content.decode())
        assert "Still running: ada: Pro" in shown
        assert "an order that is not paid yet, or a subscription that begins later, is cancelled." in shown
        assert f"Billing account: {customer.pk}" in shown


def test_a_granted_trial_names_its_product(person: User, price: Price) -> None:
    grant = TrialGrant.objects.create(user=person, product=price.product, granted_at=MAY)
    assert str(grant) == "ada: Pro"


def test_a_refund_page_calls_failed_refunds_no_refunds_before(
    admin_client: Client, customer: Customer, price: Price
) -> None:
    payment = Payment.objects.create(
        payment_intent_id="pi_1", customer=customer, product=price.product, price=price, amount=4900, currency="usd",
        status="succeeded",
    )  # fmt: skip
    payment_page = f"/admin/subscriptions/payment/{quote(payment.pk)}/refund/"
    Refund.objects.create(pk="re_1", payment_intent_id="pi_1", amount=500, currency="usd", status="failed")
    shown = reading.words(admin_client.get(payment_page).content.decode())
    assert "Earlier refunds$5.00 (Failed)" in shown
    assert "Refunded before" not in shown


class TestFailedRefunds:
    """Banks return some refunds days later, when nobody looks at them any more."""

    def make(self, pk: str, customer: Customer, status: str, day: int) -> None:
        at = timezone.now() + timedelta(days=day - 10)
        Refund.objects.create(
            pk=pk, payment_intent_id="pi_1", customer=customer, amount=500, currency="usd", status=status,
            stripe_created_at=at,
        )  # fmt: skip

    def test_are_told_where_staff_begin_and_by_the_doctor(self, admin_client: Client, customer: Customer) -> None:
        self.make("re_1", customer, "failed", 1)
        assert "1 refund failed: its customer has no money back." in reading.words(
            admin_client.get("/admin/").content.decode()
        )
        (found,) = check_people()
        assert found.level == "problem"
        assert found.message == (
            f"The refund re_1 of $5.00 to {customer.pk} failed: the money is in your Stripe balance again. "
            "Refund it anew, or give it back in another way."
        )

    def test_that_were_made_again_are_done_with(self, admin_client: Client, customer: Customer) -> None:
        self.make("re_1", customer, "failed", 1)
        self.make("re_2", customer, "succeeded", 2)
        assert "refund failed" not in reading.words(admin_client.get("/admin/").content.decode())
        assert [found.level for found in check_people()] == ["ok"]

    def test_an_earlier_refund_is_not_the_same_made_again(self, customer: Customer) -> None:
        self.make("re_0", customer, "succeeded", 0)
        self.make("re_1", customer, "failed", 1)
        assert [found.level for found in check_people()] == ["problem"]

    def test_an_old_one_is_not_told_for_ever(self, customer: Customer) -> None:
        self.make("re_1", customer, "failed", -51)
        assert [found.level for found in check_people()] == ["ok"]


def test_a_refund_page_tells_of_credit_notes(
    admin_client: Client, subscription: Subscription, local_stripe: LocalStripe
) -> None:
    invoice = Invoice.objects.get()
    assert (invoice.subscription_id, invoice.amount_paid) == (subscription.pk, 1900)
    page = f"/admin/subscriptions/invoice/{quote(invoice.pk)}/refund/"
    assert "Credit notes" not in reading.words(admin_client.get(page).content.decode())
    Invoice.objects.update(credited_after_payment=900)
    shown = reading.words(admin_client.get(page).content.decode())
    assert "Credit notes$9.00 after the payment: it was refunded, credited or given back" in shown


def test_revoked_tokens_are_not_revoked_again(admin_client: Client, person: User) -> None:
    token, _ = api_tokens.create(user=person, name="cron", now=timezone.now())
    other, _ = api_tokens.create(user=person, name="other", now=timezone.now())
    assert act(admin_client, "apitoken", "revoke", token) == ["1 revoked."]
    assert act(admin_client, "apitoken", "revoke", token, other) == ["1 revoked."]
    said = ["Nothing to revoke: the chosen tokens are revoked already."]
    assert act(admin_client, "apitoken", "revoke", token, other) == said
