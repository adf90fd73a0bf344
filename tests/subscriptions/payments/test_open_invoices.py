"""Open invoices that will not be paid: staff void them or write them off."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client

from subscriptions.models import Invoice, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions import reading
from tests.subscriptions.conftest import DAY, settle, sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(subscription: Subscription, local_stripe: LocalStripe) -> Invoice:
    """The open invoice of ada's second month: her card failed, and her subscription was cancelled at once."""
    api, customer = local_stripe.api, str(subscription.customer_id)
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    api.subscriptions.update(subscription.pk, {"default_payment_method": method.id})
    local_stripe.control("clock", advance=23 * DAY)
    api.subscriptions.cancel(subscription.pk)
    settle()
    local_stripe.forget_calls()
    assert Subscription.objects.get().status == "canceled"
    return Invoice.objects.get(status="open")


def page_of(invoice: Invoice, page: str) -> str:
    return f"/admin/subscriptions/invoice/{quote(invoice.pk)}/{page}/"


class TestClosing:
    @pytest.mark.parametrize(
        ("page", "status", "said"), [("void", "void", "Voided."), ("write-off", "uncollectible", "Written off.")]
    )
    def test_is_confirmed_done_at_stripe_and_logged(  # noqa: PLR0917  (fixtures)
        self, admin_client: Client, invoice: Invoice, local_stripe: LocalStripe, page: str, status: str, said: str
    ) -> None:
        assert page_of(invoice, page) in admin_client.get(page_of(invoice, "change")).content.decode()
        asked = reading.words(admin_client.get(page_of(invoice, page)).content.decode())
        assert "$19.00 for ada@example.com, of which $19.00 is not paid." in asked
        assert "(cancelled) stays ended." in asked
        assert local_stripe.calls == []
        assert admin_client.post(page_of(invoice, page)).status_code == 302
        assert local_stripe.api.invoices.retrieve(invoice.pk).status == status
        assert (Invoice.objects.get(pk=invoice.pk).status, LogEntry.objects.get().change_message) == (status, said)
        sync_now()
        assert Invoice.objects.get(pk=invoice.pk).status == status

    def test_is_for_open_ones(self, admin_client: Client, invoice: Invoice, local_stripe: LocalStripe) -> None:
        paid = Invoice.objects.get(status="paid")
        for page in ("void", "write-off"):
            assert page_of(paid, page) not in admin_client.get(page_of(paid, "change")).content.decode()
            said = admin_client.post(page_of(paid, page), follow=True).content
            assert b"is not open (Paid), so nothing was changed." in said
        assert (local_stripe.calls, LogEntry.objects.count()) == ([], 0)

    def test_of_one_that_was_paid_meanwhile_says_so(
        self, admin_client: Client, invoice: Invoice, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.invoices.pay(invoice.pk, {"paid_out_of_band": True})
        said = admin_client.post(page_of(invoice, "void"), follow=True).content
        assert b"Stripe refused this:" in said
        assert LogEntry.objects.count() == 0

    def test_with_stripe_away_changes_nothing(
        self, admin_client: Client, invoice: Invoice, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status="timeout", count=20)
        assert b"can&#x27;t be reached" in admin_client.post(page_of(invoice, "void"), follow=True).content
        local_stripe.control("faults", count=0)
        assert (Invoice.objects.get(pk=invoice.pk).status, LogEntry.objects.count()) == ("open", 0)

    def test_is_for_staff_who_may(
        self, client: Client, person: User, invoice: Invoice, local_stripe: LocalStripe
    ) -> None:
        User.objects.filter(pk=person.pk).update(is_staff=True)
        person.user_permissions.add(Permission.objects.get(codename="view_invoice"))
        client.force_login(person)
        assert "/void/" not in client.get(page_of(invoice, "change")).content.decode()
        for page in ("void", "write-off"):
            answers: list[Any] = [client.get(page_of(invoice, page)), client.post(page_of(invoice, page))]
            assert [answer.status_code for answer in answers] == [403, 403]
        assert local_stripe.calls == []


class TestOnTheAccountPage:
    def test_does_not_invite_to_pay_for_nothing(
        self, client: Client, person: User, invoice: Invoice, local_stripe: LocalStripe
    ) -> None:
        client.force_login(person)
        for page in ("/account/", "/account/invoices/"):
            shown = client.get(page).content.decode()
            assert "Paying this invoice does not bring it back." in shown
            assert "Pay" not in [step.label.split()[0] for step in reading.steps(shown)]
        assert local_stripe.calls == []

    def test_asks_for_what_is_still_owed(self, client: Client, person: User, invoice: Invoice) -> None:
        Invoice.objects.filter(pk=invoice.pk).update(billing_reason="manual")
        client.force_login(person)
        shown = client.get("/account/").content.decode()
        assert f"Pay {invoice.number}" in [step.label for step in reading.steps(shown)]
