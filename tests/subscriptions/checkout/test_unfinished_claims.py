"""Claims whose change or purchase did not end here: what Stripe made counts, and a full sync settles the rest."""

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.db.models.signals import pre_save

from billing.errors import StripeMisconfigured, StripeRefused, StripeUnavailable
from billing.models import Price
from subscriptions.models import CheckoutSession, ProductClaim, StatusChange, Subscription
from subscriptions.plans import change
from tests.fixtures import LocalStripe
from tests.subscriptions.checkout.test_claims import (
    CHANGING_TAKES_AT_MOST,
    change_to,
    grow_old,
    the_claim,
)
from tests.subscriptions.checkout.test_races import Killed, kill
from tests.subscriptions.conftest import Meanwhile, buy, sessions_by_status, sync_now

pytestmark = pytest.mark.django_db


class TestChangeThatStripeMade:
    """It is not in the mirror, because an error of another kind came after it: the product is not sold."""

    def test_and_the_database_refused(
        self, person: User, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        def fail(**_: object) -> None:
            pre_save.disconnect(fail, StatusChange)
            raise OperationalError("database is locked")

        pre_save.connect(fail, StatusChange)
        with pytest.raises(OperationalError):
            change_to(subscription, team)
        assert local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data[0].price.id == team.pk
        assert buy(person, team).held == subscription
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_and_whose_last_fetch_stripe_did_not_allow(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def fail() -> None:
            raise StripeMisconfigured("Expired API key.", setting="STRIPE_KEY")

        meanwhile.before(f"GET /v1/subscriptions/{subscription.pk}", fail)
        with pytest.raises(StripeMisconfigured):
            change.schedule_change(subscription=subscription, price=team, quantity=1)
        assert the_claim().state == "changing"
        assert buy(person, team).held == subscription
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_and_whose_last_fetch_stripe_refused(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def fail() -> None:
            raise StripeRefused("Not now.")

        meanwhile.before(f"GET /v1/subscriptions/{subscription.pk}", fail)
        with pytest.raises(StripeUnavailable):
            change.schedule_change(subscription=subscription, price=team, quantity=1)
        assert the_claim().state == "changing"
        assert buy(person, team).held == subscription
        assert sessions_by_status(local_stripe) == ["complete"]


class TestFullSync:
    def test_releases_what_is_over(
        self, person: User, paid_session: CheckoutSession, team: Price, local_stripe: LocalStripe
    ) -> None:
        """Pro was paid, and Team's checkout was left; nobody has clicked again."""
        left = buy(person, team).session
        assert left is not None
        assert {claim.attempt_id for claim in ProductClaim.objects.all()} == {paid_session.pk, left.pk}
        sync_now(full=True)
        assert the_claim().attempt_id == left.pk
        local_stripe.api.checkout.sessions.expire(str(left.stripe_id))
        sync_now(full=True)
        assert ProductClaim.objects.count() == 0

    def test_settles_the_change_of_a_killed_process(
        self, subscription: Subscription, team: Price, meanwhile: Meanwhile
    ) -> None:
        meanwhile.after(f"POST /v1/subscriptions/{subscription.pk}", kill)
        with pytest.raises(Killed):
            change_to(subscription, team)
        sync_now(full=True)
        assert the_claim().state == "changing"
        grow_old(CHANGING_TAKES_AT_MOST)
        sync_now(full=True)
        assert ProductClaim.objects.count() == 0
        subscription.refresh_from_db()
        assert subscription.price_id == team.pk
