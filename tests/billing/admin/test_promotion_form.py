"""The form of a promotion code: what it refuses, and in whose words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from billing.catalog import promotions
from billing.catalog.promotions import Discount
from tests.billing.admin.browser import open_page, refused
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

ADD = "/admin/billing/promotioncode/add/"


def refusals(admin: Client, **typed: str) -> dict[str, list[str]]:
    return refused(
        admin, open_page(admin, ADD), **{"code": "SPRING", "percent_off": "20", "duration": "once", **typed}
    ).errors


class TestRefusals:
    def test_an_end_too_far_ahead_is_not_called_past(self, admin: Client, local_stripe: LocalStripe) -> None:
        late = timezone.now() + timedelta(days=5 * 365 + 2)
        typed = {"expires_at_0": f"{late:%Y-%m-%d}", "expires_at_1": "12:00:00"}
        assert refusals(admin, **typed) == {"expires_at": ["Stripe accepts at most five years from now."]}
        assert local_stripe.calls == []

    def test_a_code_that_is_taken(self, admin: Client, local_stripe: LocalStripe) -> None:
        promotions.create_promotion_code(code="Spring", discount=Discount(percent_off=5), request_id="first")
        assert refusals(admin) == {"code": ["An active code SPRING exists already."]}

    def test_an_amount_without_a_currency(self, admin: Client, local_stripe: LocalStripe) -> None:
        errors = refusals(admin, percent_off="", amount_off="5", currency="")
        assert errors == {"currency": ["Enter the currency of the amount, for example usd."]}

    @pytest.mark.parametrize("duration", ["once", "forever"])
    def test_months_that_would_count_for_nothing(
        self, admin: Client, local_stripe: LocalStripe, duration: str
    ) -> None:
        errors = refusals(admin, duration=duration, duration_in_months="3")
        assert errors == {"duration_in_months": ["This goes with “several months” alone."]}
        assert local_stripe.calls == []
