"""Several at once, at the worst moment: nobody pays twice, nothing is lost, and the rows end as Stripe has it.

`meanwhile` makes a race end the same every time.
"""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from billing import gateway
from billing.errors import StripeUnavailable
from billing.gateway.snapshots import Snapshot
from billing.mirror.engine import apply_answer
from billing.mirror.kinds import PRODUCT
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.customers import erasing
from subscriptions.customers import services as customers
from subscriptions.models import (
    CheckoutSession,
    Customer,
    ErasedCustomer,
    Payment,
    ProductClaim,
    Subscription,
    WebhookEvent,
)
from subscriptions.sync import inactive_customers
from subscriptions.webhooks import inbox
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import Meanwhile, buy, sessions_by_status, sync_now

pytestmark = pytest.mark.django_db

SESSIONS = "/v1/checkout/sessions"


class TestBuyAgainstBuy:
    def test_a_purchase_made_between_looking_and_claiming(
        self, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        """A slow click has seen that there is nothing; before it takes its claim, a fast one has bought."""

        def buy_and_pay(**_: object) -> None:
            pre_save.disconnect(buy_and_pay, ProductClaim)
            session = buy(person, price).session
            assert session is not None
            local_stripe.pay(session.stripe_id)
            assert isinstance(buy(person, price).held, Subscription)

        pre_save.connect(buy_and_pay, ProductClaim)
        assert buy(person, price).held == Subscription.objects.get()
        assert sessions_by_status(local_stripe) == ["complete"]
        assert not ProductClaim.objects.exists()

    def test_a_claim_given_up_while_its_session_is_made(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile, settings: Any
    ) -> None:
        """While the site moves to another address, its two processes ask for different things with one key."""

        def click_in_the_new_process() -> None:
            settings.SITE_URL = "https://shop.example.com"
            buy(person, price)

        meanwhile.after(f"POST {SESSIONS}", click_in_the_new_process)
        started = buy(person, price)
        assert started.session is not None
        assert sessions_by_status(local_stripe) == ["expired", "open"]
        assert local_stripe.api.checkout.sessions.retrieve(str(started.session.stripe_id)).status == "open"

    def test_a_claim_is_not_given_up_once_it_has_its_session(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile, settings: Any
    ) -> None:
        def click_in_the_new_process() -> None:
            settings.SITE_URL = "https://shop.example.com"
            buy(person, price)

        meanwhile.before(f"POST {SESSIONS}", click_in_the_new_process)
        assert buy(person, price).session == CheckoutSession.objects.get()
        assert sessions_by_status(local_stripe) == ["open"]

    def test_a_500_that_took_effect_is_found_at_once(
        self, person: User, price: Price, local_stripe: LocalStripe, client: Client
    ) -> None:
        local_stripe.control("faults", status=500, count=1, path=SESSIONS, after=True)
        session = buy(person, price).session
        assert session is not None
        assert [made.id for made in local_stripe.api.checkout.sessions.list().data] == [session.stripe_id]
        local_stripe.pay(session.stripe_id)
        result = checkout.complete(user=person, session_id=str(session.stripe_id))
        assert (result.state, result.subscription) == ("paid", Subscription.objects.get())

    def test_a_500_that_took_no_effect_uses_up_the_claim(
        self, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("faults", status=500, count=1, path=SESSIONS)
        with pytest.raises(StripeUnavailable):
            buy(person, price)
        session = buy(person, price).session
        assert session is not None
        assert [made.id for made in local_stripe.api.checkout.sessions.list().data] == [session.stripe_id]


class TestBuyAgainstPaying:
    def test_paid_while_the_second_click_looks(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile, client: Client
    ) -> None:
        """Of the purchase's events only the session's is here when the click writes what it saw a moment before."""
        session = buy(person, price).session
        assert session is not None

        def pay() -> None:
            local_stripe.pay(session.stripe_id)
            assert deliver(client, local_stripe.events("checkout.session.completed")[0]).status_code == 200

        meanwhile.after(f"GET {SESSIONS}", pay)
        assert isinstance(buy(person, price).held, Subscription)
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_paid_before_the_first_click_hears_of_its_own_session(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile, client: Client
    ) -> None:
        def another_tab() -> None:
            session = buy(person, price).session
            assert session is not None
            local_stripe.pay(session.stripe_id)
            assert deliver(client, local_stripe.events("checkout.session.completed")[0]).status_code == 200

        meanwhile.before(f"POST {SESSIONS}", another_tab)
        assert isinstance(buy(person, price).held, Subscription)
        assert sessions_by_status(local_stripe) == ["complete"]


class TestBuyAgainstErasing:
    """A customer who has nothing left is erased (INACTIVE_CUSTOMERS=delete) while the person clicks Buy."""

    @pytest.fixture
    def ended(self, new_subscription: Subscription, local_stripe: LocalStripe, settings: Any) -> Subscription:
        """Ada's subscription, which has ended."""
        local_stripe.control("clock", advance=60)
        local_stripe.api.subscriptions.cancel(new_subscription.pk)
        settings.INACTIVE_CUSTOMERS = "keep"
        sync_now()
        settings.INACTIVE_CUSTOMERS = "delete"
        return Subscription.objects.get()

    def erase(self, ended: Subscription) -> int:
        return inactive_customers.archive_inactive([str(ended.customer_id)], now=timezone.now())

    def test_begun_before_the_customer_is_marked(
        self, person: User, price: Price, ended: Subscription, local_stripe: LocalStripe
    ) -> None:
        begun: list[CheckoutSession | None] = []

        def click(**_: object) -> None:
            pre_save.disconnect(click, ErasedCustomer)
            begun.append(buy(person, price).session)

        pre_save.connect(click, ErasedCustomer)
        assert self.erase(ended) == 0
        (session,) = begun
        assert session is not None
        assert (ErasedCustomer.objects.count(), ProductClaim.objects.get().attempt_id) == (0, session.pk)
        local_stripe.pay(session.stripe_id)
        assert checkout.complete(user=person, session_id=str(session.stripe_id)).state == "paid"

    def test_of_a_one_time_good_that_is_over_before_the_customer_is_marked(
        self, person: User, one_time_price: Price, ended: Subscription, local_stripe: LocalStripe
    ) -> None:
        def buy_and_pay(**_: object) -> None:
            pre_save.disconnect(buy_and_pay, ErasedCustomer)
            session = buy(person, one_time_price).session
            assert session is not None
            local_stripe.pay(session.stripe_id)
            assert checkout.complete(user=person, session_id=str(session.stripe_id)).state == "paid"

        pre_save.connect(buy_and_pay, ErasedCustomer)
        assert self.erase(ended) == 0
        assert (ErasedCustomer.objects.count(), Payment.objects.get().customer_id) == (0, ended.customer_id)

    def test_begun_just_before_the_claim_is_taken(
        self, person: User, price: Price, ended: Subscription, local_stripe: LocalStripe
    ) -> None:
        def erase(**_: object) -> None:
            pre_save.disconnect(erase, ProductClaim)
            assert self.erase(ended) == 1

        pre_save.connect(erase, ProductClaim)
        session = buy(person, price).session
        assert session is not None
        assert session.customer_id != ended.customer_id
        assert ErasedCustomer.objects.get().pk == ended.customer_id
        assert sessions_by_status(local_stripe) == ["complete", "open"]
        assert ProductClaim.objects.get().attempt_id == session.pk

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_erased_on_request_while_the_session_is_made(
        self,
        person: User,
        price: Price,
        ended: Subscription,
        local_stripe: LocalStripe,
        meanwhile: Meanwhile,
        *,
        moment: str,
    ) -> None:
        def erase() -> None:
            erasing.mark_erased(str(ended.customer_id), reason="test", now=timezone.now())

        (meanwhile.before if moment == "before" else meanwhile.after)(f"POST {SESSIONS}", erase)
        session = buy(person, price).session
        assert session is not None
        assert session.customer_id != ended.customer_id
        assert sessions_by_status(local_stripe) == ["complete", "expired", "open"]
        assert ProductClaim.objects.get().attempt_id == session.pk

    def test_a_mark_that_a_killed_process_left_is_removed(
        self, person: User, price: Price, ended: Subscription
    ) -> None:
        assert buy(person, price).session is not None
        pk = str(ended.customer_id)
        ErasedCustomer.objects.create(pk=pk, reason=erasing.INACTIVE, erased_at=timezone.now())
        assert self.erase(ended) == 0
        assert (ErasedCustomer.objects.count(), ProductClaim.objects.count()) == (0, 1)

    def test_one_that_never_comes_to_an_end_leaves_nothing_to_pay(
        self, person: User, price: Price, ended: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert buy(person, price).session is not None
        ErasedCustomer.objects.create(pk=str(ended.customer_id), reason="test", erased_at=timezone.now())
        with pytest.raises(StripeUnavailable, match="too many places"):
            buy(person, price)
        assert sessions_by_status(local_stripe) == ["complete", "expired"]
        assert ProductClaim.objects.count() == 0


class TestLateAnswers:
    def test_a_replayed_answer_does_not_undo_what_has_happened_since(
        self, local_stripe: LocalStripe, client: Client
    ) -> None:
        """A slow process asks for what another has long got, and Stripe tells both what it was at first."""

        def create() -> Snapshot:
            return gateway.create_product({"name": "Pro"}, key="the same")

        product = apply_answer(PRODUCT, "prod_unknown", create).row
        assert product is not None
        local_stripe.control("clock", advance=60)
        local_stripe.api.products.update(product.pk, {"name": "Pro Plus"})
        assert deliver(client, local_stripe.events("product.updated")[-1]).status_code == 200
        apply_answer(PRODUCT, product.pk, create)
        assert Product.objects.get().name == "Pro Plus"

    def test_who_is_deleted_during_a_fetch_is_not_brought_back(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe, meanwhile: Meanwhile, client: Client
    ) -> None:
        created = local_stripe.events("customer.subscription.created")[0]

        def bury() -> None:
            erasing.mark_erased(str(paid_session.customer_id), reason="test", now=timezone.now())

        meanwhile.before("GET /v1/subscriptions/", bury)
        assert deliver(client, {**created, "api_version": "2019-12-03"}).json() == {"state": "done"}
        assert (Subscription.objects.count(), Customer.objects.count()) == (0, 0)


class Killed(BaseException):
    """What SIGKILL looks like from inside: nothing of ours catches it."""


def kill() -> None:
    raise Killed


class TestKilled:
    """A process dies when Stripe has done its part and we have not; the next one makes up for it."""

    def test_while_the_customer_is_made(self, person: User, local_stripe: LocalStripe, meanwhile: Meanwhile) -> None:
        meanwhile.after("POST /v1/customers", kill)
        with pytest.raises(Killed):
            customers.ensure(person)
        customer = customers.ensure(person)
        assert [theirs.id for theirs in local_stripe.api.customers.list().data] == [customer.pk]

    def test_while_the_session_is_made(
        self, person: User, price: Price, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        meanwhile.after(f"POST {SESSIONS}", kill)
        with pytest.raises(Killed):
            buy(person, price)
        assert buy(person, price).session == CheckoutSession.objects.get()
        assert sessions_by_status(local_stripe) == ["open"]

    def test_while_another_price_takes_the_place(
        self, person: User, price: Price, yearly: Price, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        buy(person, price)
        meanwhile.after(f"POST {SESSIONS}/", kill)
        with pytest.raises(Killed):
            buy(person, yearly)
        session = buy(person, yearly).session
        assert session is not None
        assert session.price_id == yearly.pk
        assert sessions_by_status(local_stripe) == ["expired", "open"]

    def test_between_the_paid_session_and_what_it_bought(
        self, paid_session: CheckoutSession, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        """The success page had written the session's row, and died before the subscription's."""

        def die_before_the_subscription(**_: object) -> None:
            pre_save.disconnect(die_before_the_subscription, Subscription)
            kill()

        pre_save.connect(die_before_the_subscription, Subscription)
        with pytest.raises(Killed):
            checkout.complete(user=person, session_id=str(paid_session.stripe_id))
        assert CheckoutSession.objects.get().status == "complete"
        assert Subscription.objects.count() == 0
        assert isinstance(buy(person, price).held, Subscription)
        assert sessions_by_status(local_stripe) == ["complete"]

    def test_while_an_event_is_worked(
        self, paid_session: CheckoutSession, local_stripe: LocalStripe, meanwhile: Meanwhile
    ) -> None:
        (created,) = local_stripe.events("customer.subscription.created")
        foreign = {**created, "api_version": "2019-12-03"}
        meanwhile.after("GET /v1/subscriptions/", kill)
        with pytest.raises(Killed):
            deliver(Client(), foreign)
        assert deliver(Client(), foreign).status_code == 409
        WebhookEvent.objects.update(claimed_at=timezone.now() - inbox.STALE_AFTER)
        sync_now()
        entry = WebhookEvent.objects.get(pk=created["id"])
        assert (entry.state, entry.attempts) == ("done", 2)
