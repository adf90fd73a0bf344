"""The doctor on people and customers: who is charged without a person here."""

import pytest
from django.contrib.auth.models import User

from subscriptions.models import Subscription
from subscriptions.monitoring.doctor.people import check_people
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

DEACTIVATED = (
    "Cancel them in Stripe's dashboard, or activate the user; the list of subscriptions has the filter “whose”."
)
NOBODYS = (
    "After a restored backup, the person may have to sign up again. Link the customer to the person, on the "
    "customer's page in the admin, or cancel the subscription at Stripe. "
    "The list of subscriptions has the filter “whose”."
)


def found() -> list[tuple[str, str]]:
    return [(finding.level.value, finding.message) for finding in check_people()]


class TestPeople:
    def test_all_is_well(self, subscription: Subscription) -> None:
        assert [level for level, _ in found()] == ["ok"]

    def test_of_a_deactivated_user(self, person: User, subscription: Subscription) -> None:
        User.objects.update(is_active=False)
        assert found() == [
            ("problem", f"1 running subscription of deactivated users: {subscription.pk}. {DEACTIVATED}")
        ]

    @pytest.mark.parametrize("status", ["active", "trialing", "past_due"])
    def test_of_nobody(self, person: User, subscription: Subscription, local_stripe: LocalStripe, status: str) -> None:
        person.delete()
        Subscription.objects.update(status=status)
        whose = f"{subscription.pk} ({subscription.customer_id})"
        assert found() == [("problem", f"1 running subscription that nobody here owns: {whose}. {NOBODYS}")]
        assert local_stripe.calls == []

    @pytest.mark.parametrize(
        "columns", [{"status": "canceled"}, {"status": "unpaid"}, {"cancel_at_period_end": True}, {"is_deleted": True}]
    )
    def test_not_of_what_is_no_longer_charged(
        self, person: User, subscription: Subscription, columns: dict[str, object]
    ) -> None:
        person.delete()
        Subscription.objects.update(**columns)
        assert [level for level, _ in found()] == ["ok"]
