"""The account page reads as often for many rows of every kind as for few."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from billing.models import Price
from subscriptions.models import Customer, Payment, Refund, SubscriptionSchedule
from tests import joins
from tests.fixtures import LocalStripe
from tests.subscriptions.rows import MAY, bill, subscribe

pytestmark = pytest.mark.django_db


def fill(customer: Customer, price: Price, *, count: int) -> None:
    """Overdue and scheduled subscriptions, each with an invoice; purchases and invoices with refunds."""
    for number in range(count):
        invoice = bill(customer, f"in_{number}")
        schedule = SubscriptionSchedule.objects.create(
            pk=f"sub_sched_{number}", status="active", next_at=MAY, next_price=price, next_quantity=2
        )
        links = {"schedule": schedule, "latest_invoice": invoice, "current_period_start_at": MAY - timedelta(days=3)}
        subscribe(customer, price, pk=f"sub_{number}", status=["active", "past_due"][number % 2], **links)
        bought = {"payment_intent_id": f"pi_{number}", "product": price.product, "price": price}
        Payment.objects.create(customer=customer, amount=100, currency="usd", status="succeeded", **bought)
        given_back = {"amount": 50, "currency": "usd", "status": "succeeded", "stripe_created_at": MAY}
        Refund.objects.create(pk=f"re_{number}", payment_intent_id=f"pi_{number}", customer=customer, **given_back)
        Refund.objects.create(pk=f"re_i{number}", invoice=invoice, customer=customer, **given_back)


# More than a page of payments has to be counted.
@pytest.mark.parametrize(("count", "most"), [(1, 12), (24, 13)])
def test_takes_few_queries(
    customer_client: Client,
    customer: Customer,
    price: Price,
    local_stripe: LocalStripe,
    django_assert_max_num_queries: Any,
    *,
    count: int,
    most: int,
) -> None:
    fill(customer, price, count=count)
    local_stripe.forget_calls()
    with django_assert_max_num_queries(joins.queries(most, links=7)):
        response = customer_client.get("/account/")
    page = response.content.decode()
    # A page of payments, and the newest invoices.
    assert (page.count("Changes to"), page.count("$0.50 refunded")) == (count, min(count, 20) + min(count, 5))
    assert local_stripe.calls == []


def test_history_and_invoices_are_as_quick(
    customer_client: Client, customer: Customer, price: Price, django_assert_max_num_queries: Any
) -> None:
    fill(customer, price, count=24)
    for page in ("/account/invoices/", "/account/history/"):
        with django_assert_max_num_queries(joins.queries(7, links=7)):
            assert customer_client.get(page).status_code == 200
