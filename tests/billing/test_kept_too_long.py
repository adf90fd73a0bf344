"""Requests that nobody repeats are deleted after a week, whatever they were about."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import gateway, kept_requests
from billing.errors import StripeUnavailable
from billing.models import KeptRequest
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


def lose(subject: str, local_stripe: LocalStripe) -> None:
    local_stripe.control("faults", status="reset", count=3, after=True)
    with pytest.raises(StripeUnavailable), kept_requests.open_request("make", subject, request_id=subject):
        gateway.create_product({"name": subject}, key=subject)


@pytest.mark.parametrize(("days", "kept"), [(6, {"Pro", "Team"}), (8, {"Team"})])
def test_by_the_next_request(local_stripe: LocalStripe, days: int, kept: set[str]) -> None:
    lose("Pro", local_stripe)
    KeptRequest.objects.update(asked_at=timezone.now() - timedelta(days=days))
    lose("Team", local_stripe)
    assert set(KeptRequest.objects.values_list("request_id", flat=True)) == kept
