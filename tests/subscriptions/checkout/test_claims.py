"""The claims on products: what takes and releases one, and what becomes of the claims of killed processes."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.utils import timezone

from billing.errors import StripeRefused, StripeUnavailable
from billing.models import Price, Product
from subscriptions.checkout import claims
from subscriptions.checkout import services as checkout
from subscriptions.checkout.errors import CannotBuy, CheckoutLeftOpen
from subscriptions.customers import erasing
from subscriptions.models import CheckoutSession, Customer, ProductClaim, Subscription
from subscriptions.plans import change, preview
from subscriptions.plans.errors import CannotChange
from tests.fixtures import LocalStripe
from tests.subscriptions.checkout.test_races import SESSIONS, Killed, kill
from tests.subscriptions.conftest import Meanwhile, buy, sessions_by_status, sync_now
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db

CHANGING_TAKES_AT_MOST = timedelta(minutes=6)


def the_claim() -> ProductClaim:
    return ProductClaim.objects.get()


def grow_old(age: timedelta) -> None:
    ProductClaim.objects.update(taken_at=timezone.now() - age)


def change_to(subscription: Subscription, price: Price) -> Subscription:
    shown = preview.preview(subscription=subscription, price=price, quantity=1)
    return change.change(subscription=subscription, price=price, quantity=1, proration_date=shown.proration_date)


def subscribe_at_stripe(subscription: Subscription, price: Price, local_stripe: LocalStripe) -> Subscription:
    """Return another subscription of the same customer's, which the dashboard made."""
    customer = str(subscription.customer_id)
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    made = local_stripe.api.subscriptions.create(
        {"customer": customer, "items": [{"price": price.pk}], "default_payment_method": method.id}
    )
    sync_now()
    return Subscription.objects.get(pk=made.id)


@pytest.fixture
def basic_subscription(subscription: Subscription, basic: Price, local_stripe: LocalStripe) -> Subscription:
    """A second subscription of Ada's, to Basic."""
    return subscribe_at_stripe(subscription, basic, local_stripe)


class TestBuying:
    def test_is_at_checkout_until_what_was_bought_is_here(
        self, person: User, price: Price, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        session = buy(person, price).session
        assert session is not None
        claim = the_claim()
        assert (claim.pk, claim.state) == (f"{customer.pk} {price.product_id}", "at_checkout")
        assert (claim.customer_id, claim.product_id, claim.attempt_id) == (customer.pk, price.product_id, session.pk)
        local_stripe.pay(session.stripe_id)
        assert claims.is_buying(customer=customer, now=timezone.now())
        checkout.complete(user=person, session_id=str(session.stripe_id))
        assert ProductClaim.objects.count() == 0
        assert not claims.is_buying(customer=customer, now=timezone.now())

    def test_a_lost_answer_leaves_it_buying(self, person: User, price: Price, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3, path=SESSIONS, after=True)
        with pytest.raises(StripeUnavailable):
            buy(person, price)
        claim = the_claim()
        assert claim.state == "buying"
        session = buy(person, price).session
        assert session is not None
        assert (session.pk, the_claim().state) == (claim.attempt_id, "at_checkout")

    def test_a_refused_product_leaves_none(
        self, person: User, price: Price, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        subscribe(customer, price, currency="eur", items=[])
        with pytest.raises(CannotBuy, match="billed in EUR"):
            buy(person, price)
        assert (ProductClaim.objects.count(), CheckoutSession.objects.count(), local_stripe.calls) == (0, 0, [])

    def test_killed_before_its_session_has_a_row(self, person: User, price: Price, local_stripe: LocalStripe) -> None:
        def die(**_: object) -> None:
            pre_save.disconnect(die, CheckoutSession)
            kill()

        pre_save.connect(die, CheckoutSession)
        with pytest.raises(Killed):
            buy(person, price)
        claim = the_claim()
        assert (claim.state, CheckoutSession.objects.count()) == ("buying", 0)
        session = buy(person, price).session
        assert session is not None
        assert session.pk == claim.attempt_id

    def test_after_a_day_it_is_another_attempt(
        self, person: User, price: Price, customer: Customer, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        """Stripe has forgotten the key: with it, there would be a second session."""
        meanwhile.before(f"POST {SESSIONS}", kill)
        with pytest.raises(Killed):
            buy(person, price)
        first = the_claim()
        assert claims.is_buying(customer=customer, now=timezone.now())
        grow_old(timedelta(hours=23, minutes=1))
        assert not claims.is_buying(customer=customer, now=timezone.now())
        session = buy(person, price).session
        assert session is not None
        assert session.pk != first.attempt_id

    def test_an_expired_session_bars_nothing(
        self, person: User, price: Price, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        first = buy(person, price).session
        assert first is not None
        local_stripe.api.checkout.sessions.expire(str(first.stripe_id))
        second = buy(person, price).session
        assert second is not None
        assert (the_claim().attempt_id, second.pk != first.pk) == (second.pk, True)

    def test_a_session_that_stripe_does_not_know_bars_nothing(
        self, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        first = buy(person, price).session
        CheckoutSession.objects.update(stripe_id="cs_of_another_account")
        second = buy(person, price).session
        assert first is not None
        assert second is not None
        assert (the_claim().attempt_id, second.pk != first.pk) == (second.pk, True)

    def test_of_a_product_that_came_another_way_can_no_longer_be_paid(
        self, person: User, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        """One tab is at Stripe's page, the dashboard adds the subscription, and another tab clicks Buy."""
        assert buy(person, team).session is not None
        bought = subscribe_at_stripe(subscription, team, local_stripe)
        assert buy(person, team).held == bought
        assert sessions_by_status(local_stripe) == ["complete", "expired"]
        assert ProductClaim.objects.count() == 0

    def test_erasing_the_customer_releases_it(self, person: User, price: Price) -> None:
        buy(person, price)
        erasing.mark_erased(str(the_claim().customer_id), reason="test", now=timezone.now())
        assert ProductClaim.objects.count() == 0


class TestChanging:
    def test_holds_the_product_until_the_mirror_has_the_change(
        self, subscription: Subscription, team: Price, meanwhile: Meanwhile
    ) -> None:
        seen: list[tuple[str, str | None, str | None]] = []

        def look() -> None:
            claim = the_claim()
            seen.append((claim.state, claim.product_id, claim.subscription_id))

        meanwhile.after(f"POST /v1/subscriptions/{subscription.pk}", look)
        change_to(subscription, team)
        assert seen == [("changing", team.product_id, subscription.pk)]
        assert ProductClaim.objects.count() == 0

    def test_a_scheduled_change_is_here_before_it_can_be_bought(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        """The subscription's row names its schedule only when it is fetched, at the very end."""

        def buy_it_too() -> None:
            assert buy(person, team).held == subscription

        meanwhile.before(f"GET /v1/subscriptions/{subscription.pk}", buy_it_too)
        change.schedule_change(subscription=subscription, price=team, quantity=1)
        assert buy(person, team).held == subscription
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_a_retry_goes_on_with_the_claim_of_a_killed_process(
        self, subscription: Subscription, team: Price, meanwhile: Meanwhile
    ) -> None:
        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", kill)
        with pytest.raises(Killed):
            change_to(subscription, team)
        assert the_claim().state == "changing"
        assert change_to(subscription, team).price_id == team.pk
        assert ProductClaim.objects.count() == 0

    def test_a_refused_retry_leaves_the_claim_to_the_first_try(
        self, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        """The first try may still be on its way: the product must not be sold before that is certain."""
        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", kill)
        with pytest.raises(Killed):
            change_to(subscription, team)
        team.active = False
        with pytest.raises(CannotChange, match="no longer available"):
            change_to(subscription, team)
        assert the_claim().state == "changing"
        grow_old(CHANGING_TAKES_AT_MOST)
        with pytest.raises(CannotChange, match="no longer available"):
            change_to(subscription, team)
        assert ProductClaim.objects.count() == 0

    def test_two_subscriptions_do_not_change_to_one_product(
        self, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        other = subscribe(Customer.objects.get(), subscription.price, pk="sub_other")  # type: ignore[arg-type]

        def change_the_other() -> None:
            with pytest.raises(CannotChange, match="Another of your subscriptions is being changed"):
                change.change(subscription=other, price=team, quantity=1, proration_date=0)

        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", change_the_other)
        assert change_to(subscription, team).price_id == team.pk
        with pytest.raises(CannotChange, match="another subscription to this"):
            change.change(subscription=other, price=team, quantity=1, proration_date=0)

    def test_nor_to_the_one_that_another_is_due_to_change_to(
        self, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        change.schedule_change(subscription=subscription, price=team, quantity=1)
        other = subscribe(Customer.objects.get(), subscription.price, pk="sub_other")  # type: ignore[arg-type]
        local_stripe.forget_calls()
        with pytest.raises(CannotChange, match="will change to this when its paid period ends"):
            change.change(subscription=other, price=team, quantity=1, proration_date=0)
        assert (local_stripe.calls, ProductClaim.objects.count()) == ([], 0)

    def test_an_old_schedule_does_not_pass_for_the_change_under_way(
        self,
        person: User,
        subscription: Subscription,
        team: Price,
        basic_subscription: Subscription,
        meanwhile: Meanwhile,
    ) -> None:
        """Pro is scheduled to change to Team, and its owner changes it now; Basic must not change to Team as well."""
        schedule_id = change.schedule_change(subscription=subscription, price=team, quantity=1).schedule_id
        subscription.refresh_from_db()

        def click() -> None:
            assert buy(person, team).held == subscription

        def change_the_other() -> None:
            with pytest.raises(CannotChange, match="Another of your subscriptions is being changed"):
                change_to(basic_subscription, team)

        meanwhile.before(f"POST /v1/subscription_schedules/{schedule_id}/release", click)
        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", change_the_other)
        assert change_to(subscription, team).price_id == team.pk
        assert ProductClaim.objects.count() == 0

    def test_stripe_refuses_to_show_is_bought_by_nobody(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile
    ) -> None:
        def refuse() -> None:
            raise StripeRefused("Not now.")

        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", kill)
        with pytest.raises(Killed):
            change_to(subscription, team)
        meanwhile.before(f"GET /v1/subscriptions/{subscription.pk}", refuse)
        with pytest.raises(CannotBuy, match="could not be started: Not now"):
            buy(person, team)

    def test_a_checkout_begun_when_it_took_too_long_is_ended(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def buy_it_too() -> None:
            grow_old(CHANGING_TAKES_AT_MOST)
            assert buy(person, team).session is not None

        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", buy_it_too)
        assert change_to(subscription, team).price_id == team.pk
        assert sessions_by_status(local_stripe) == ["complete", "expired"]
        assert ProductClaim.objects.count() == 0

    def test_ends_a_checkout_whose_session_is_being_made(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        meanwhile.after(f"POST {SESSIONS}", lambda: change_to(subscription, team))
        assert buy(person, team).held == subscription
        assert sessions_by_status(local_stripe) == ["complete", "expired"]
        assert ProductClaim.objects.count() == 0

    def test_is_not_denied_if_a_checkout_begun_meanwhile_can_not_be_ended(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        def buy_it_too() -> None:
            grow_old(CHANGING_TAKES_AT_MOST)
            assert buy(person, team).session is not None
            local_stripe.control("faults", status="reset", count=9, path=SESSIONS, method="POST")

        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", buy_it_too)
        with pytest.raises(CheckoutLeftOpen) as raised:
            change_to(subscription, team)
        assert raised.value.for_people.startswith("Your plan was changed.")
        local_stripe.control("faults", status="reset", count=0)
        subscription.refresh_from_db()
        assert (subscription.price_id, the_claim().state) == (team.pk, "at_checkout")

    def test_back_to_the_product_that_its_row_still_shows_is_claimed(
        self, person: User, subscription: Subscription, team: Price, price: Price, meanwhile: Meanwhile
    ) -> None:
        """The row was read before the subscription was changed to Team elsewhere."""
        old = Subscription.objects.get()
        change_to(subscription, team)
        Product.objects.update(has_quantity=True)
        price.refresh_from_db()
        claimed: list[str | None] = []
        meanwhile.before(f"POST /v1/subscriptions/{old.pk}", lambda: claimed.append(the_claim().product_id))
        change.change(subscription=old, price=price, quantity=2, proration_date=int(timezone.now().timestamp()))
        assert claimed == [price.product_id]

    def test_counts_its_time_from_when_the_open_checkout_is_ended(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile
    ) -> None:
        ended_at: list[datetime] = []
        taken_at: list[datetime] = []
        assert buy(person, team).session is not None
        meanwhile.after(f"POST {SESSIONS}/", lambda: ended_at.append(timezone.now()))
        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", lambda: taken_at.append(the_claim().taken_at))
        change_to(subscription, team)
        # MongoDB keeps milliseconds.
        assert taken_at[0] > ended_at[0] - timedelta(milliseconds=1)

    def test_of_a_subscription_that_stripe_does_not_know_is_given_up(
        self, person: User, subscription: Subscription, team: Price, meanwhile: Meanwhile, local_stripe: LocalStripe
    ) -> None:
        meanwhile.before(f"POST /v1/subscriptions/{subscription.pk}", kill)
        with pytest.raises(Killed):
            change_to(subscription, team)
        ProductClaim.objects.update(subscription="sub_unknown")
        with pytest.raises(CannotBuy, match="being changed"):
            buy(person, team)
        grow_old(CHANGING_TAKES_AT_MOST)
        assert buy(person, team).session is not None
