"""A schedule that lets go of its subscription: no event that the sync lists says so, but the subscription's does."""

import pytest

from subscriptions.models import Subscription, SubscriptionSchedule
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db


def test_is_heard_of_without_its_own_event(subscription: Subscription, local_stripe: LocalStripe) -> None:
    schedules = local_stripe.api.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.pk})
    sync_now()
    assert SubscriptionSchedule.objects.get().status == "active"
    local_stripe.control("clock", advance=600)
    schedules.release(schedule.id)
    sync_now()
    row = SubscriptionSchedule.objects.get(pk=schedule.id)
    assert (row.status, row.subscription_id) == ("released", None)
    subscription.refresh_from_db()
    assert subscription.schedule_id is None


def test_is_found_by_a_full_look_after_a_long_silence(subscription: Subscription, local_stripe: LocalStripe) -> None:
    schedules = local_stripe.api.subscription_schedules
    schedule = schedules.create({"from_subscription": subscription.pk})
    sync_now()
    local_stripe.control("clock", advance=600)
    schedules.release(schedule.id)
    local_stripe.control("clock", advance=40 * 86_400)
    run, _ = sync_now()
    assert (run.is_full, SubscriptionSchedule.objects.get(pk=schedule.id).status) == (True, "released")
