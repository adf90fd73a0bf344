"""A request that was kept while our clock was forty days ahead."""

from datetime import timedelta

import pytest
from django.utils import timezone

from billing import gateway, kept_requests
from billing.errors import StripeUnavailable
from billing.models import KeptRequest
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


def test_is_continued_and_kept_no_longer_than_others(local_stripe: LocalStripe) -> None:
    local_stripe.control("faults", status="reset", count=3, after=True)
    with pytest.raises(StripeUnavailable), kept_requests.open_request("make", "Pro", request_id="first"):
        gateway.create_product({"name": "Pro"}, key="once")
    KeptRequest.objects.update(asked_at=timezone.now() + timedelta(days=40))
    with kept_requests.open_request("make", "Pro", request_id="second") as opened:
        assert (opened.is_repeat, opened.request_id) == (True, "first")
        [row] = KeptRequest.objects.all()
        assert timedelta(days=6) <= timezone.now() - row.asked_at < timedelta(days=7)
    assert not KeptRequest.objects.exists()
