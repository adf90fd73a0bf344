"""What becomes of a trial without a card, as its owner read it before."""

from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, settle, sync_now
from tests.subscriptions.reading import shown, words

pytestmark = pytest.mark.django_db

CONTINUES = "It continues if there is a card on file by then."
INVOICED = "If there is no card on file by then, you get an invoice to pay."


@pytest.mark.parametrize(
    ("behavior", "said", "not_said", "status", "invoiced"),
    [
        ("cancel", CONTINUES, INVOICED, "canceled", []),
        ("pause", CONTINUES, INVOICED, "paused", []),
        ("create_invoice", INVOICED, CONTINUES, "past_due", [1900]),
        # Stripe's default, for a trial begun in the dashboard.
        (None, INVOICED, CONTINUES, "past_due", [1900]),
    ],
)
def test_ends_as_the_account_says(  # noqa: PLR0917  (parameters)
    customer_client: Client,
    customer: Customer,
    price: Price,
    local_stripe: LocalStripe,
    behavior: str | None,
    said: str,
    not_said: str,
    status: str,
    invoiced: list[int],
) -> None:
    chosen: Any = {"trial_settings": {"end_behavior": {"missing_payment_method": behavior}}} if behavior else {}
    local_stripe.api.subscriptions.create(
        {"customer": customer.pk, "items": [{"price": price.pk}], "trial_period_days": 5, **chosen}
    )
    sync_now()
    account = words(shown(customer_client, "/account/"))
    assert said in account
    assert not_said not in account
    local_stripe.control("clock", advance=6 * DAY)
    settle()
    sync_now()
    assert Subscription.objects.get().status == status
    owed = local_stripe.api.invoices.list({"customer": customer.pk, "status": "open"}).data
    assert [invoice.amount_remaining for invoice in owed] == invoiced
