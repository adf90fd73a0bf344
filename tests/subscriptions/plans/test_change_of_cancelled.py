"""Changing a plan that is cancelled at the end of its period, when the change begins another period."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price
from subscriptions.models import Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import buy, path_to, settle, sync_now
from tests.subscriptions.plans.test_agreed_ends import day
from tests.subscriptions.reading import words

pytestmark = pytest.mark.django_db


def test_says_that_it_ends_with_the_new_period(
    customer_client: Client, person: User, yearly: Price, price: Price, local_stripe: LocalStripe
) -> None:
    started = buy(person, yearly)
    assert started.session is not None
    local_stripe.pay(started.session.stripe_id)
    settle()
    cancelled = Subscription.objects.get()
    local_stripe.api.subscriptions.update(cancelled.pk, {"cancel_at_period_end": True})
    sync_now()
    shown = customer_client.get(path_to(cancelled, price))
    form = {"preview": shown.context["preview"].token, "when": "now"}
    assert customer_client.post(path_to(cancelled, price), form).status_code == 302
    after = Subscription.objects.get()
    assert (after.price_id, after.cancel_at_period_end) == (price.pk, True)
    ends = day(after.current_period_end_at)
    assert f"the new plan\N{RIGHT SINGLE QUOTATION MARK}s period begins today and ends on {ends}." in words(
        shown.content.decode()
    )
    assert f"Your subscription stays set to end on {ends}." in words(shown.content.decode())
