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


def test_that_is_followed_by_a_short_time_is_charged_less_as_the_account_says(
    customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
) -> None:
    made = local_stripe.api.subscriptions.create(
        {
            "customer": customer.pk,
            "items": [{"price": price.pk}],
            "trial_period_days": 5,
            "collection_method": "send_invoice",
            "days_until_due": 10,
        }
    )
    ends_at = made.trial_end + 10 * DAY if made.trial_end else 0
    local_stripe.api.subscriptions.update(made.id, {"cancel_at": ends_at})
    settle()
    cancels_at = Subscription.objects.get().cancels_at
    assert cancels_at is not None
    said = f"then $19.00 per month, until {cancels_at:%-d %B %Y}: for this shorter time less is charged."
    assert said in words(shown(customer_client, "/account/"))
    local_stripe.control("clock", advance=6 * DAY)
    (invoice,) = local_stripe.api.invoices.list({"customer": customer.pk}).data[:1]
    assert 0 < invoice.total < 1900
