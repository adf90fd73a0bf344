"""Free trials: one for each person and product."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.checkout import trials
from subscriptions.models import CheckoutSession, Customer, Subscription, TrialGrant
from subscriptions.plans import cancel
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import buy, settle
from tests.subscriptions.reading import shown, words

pytestmark = pytest.mark.django_db

USED = "You have had your free trial; the first payment is due today"


@pytest.fixture
def tried(person: User, local_stripe: LocalStripe) -> Price:
    """Ada began a trial of fourteen days of "Plus", and cancelled it at once."""
    terms = PriceTerms(unit_amount=1900, currency="usd", trial_days=14)
    price = catalog.create_product(name="Plus", price=terms, request_id="plus").price
    take(person, price, local_stripe)
    cancel.cancel_now(subscription=Subscription.objects.get())
    return price


def take(person: User, price: Price, local_stripe: LocalStripe) -> None:
    started = buy(person, price)
    local_stripe.pay(started.session.stripe_id)
    settle()


def asked_for(person: User, price: Price, local_stripe: LocalStripe) -> int | None:
    """Buy again, and return the free days that Stripe was asked for."""
    take(person, price, local_stripe)
    newest = Subscription.objects.exclude(status=Subscription.Status.CANCELED).get()
    return None if newest.trial_end_at is None else (newest.trial_end_at - newest.stripe_created_at).days


class TestTrials:
    def test_are_given_once(self, person: User, tried: Price, local_stripe: LocalStripe) -> None:
        assert asked_for(person, tried, local_stripe) is None
        assert list(CheckoutSession.objects.order_by("claimed_at").values_list("trial_days", flat=True)) == [14, 0]

    def test_are_said_to_be_used_before_checkout(
        self, customer_client: Client, client: Client, tried: Price, person: User
    ) -> None:
        page = words(shown(customer_client, "/"))
        assert USED in page
        assert "After 14 free days" not in page
        client.logout()
        assert USED not in words(shown(client, "/"))

    def test_can_be_allowed_again_for_a_product(self, person: User, tried: Price, local_stripe: LocalStripe) -> None:
        product = Product.objects.get(pk=tried.product_id)
        catalog.update_product(
            product=product,
            name=product.name,
            description="",
            features=[],
            can_be_bought_again=False,
            can_be_tried_again=True,
            active=True,
        )
        assert asked_for(person, tried, local_stripe) == 14

    def test_can_be_granted_once_more_by_staff(
        self, person: User, admin_client: Client, tried: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=60)
        settle()
        granted = {"user": person.pk, "product": tried.product_id}
        response = admin_client.post("/admin/subscriptions/trialgrant/add/", granted)
        assert response.status_code == 302
        assert asked_for(person, tried, local_stripe) == 14
        assert trials.days_of(Price.objects.get(pk=tried.pk), user=person) == 0

    def test_are_not_granted_to_who_can_take_one_anyway(
        self, person: User, admin_client: Client, tried: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.control("clock", advance=60)
        settle()
        granted = {"user": person.pk, "product": tried.product_id}
        other = User.objects.create_user("new", "new@example.com")
        for typed, name in ((granted, ""), (granted, "ada"), (granted | {"user": other.pk}, "new")):
            response = admin_client.post("/admin/subscriptions/trialgrant/add/", typed)
            said = f"{name} can take a free trial of {tried.product} anyway, so there is nothing to grant."
            assert (response.status_code, said in response.content.decode()) == ((200, True) if name else (302, False))
        assert TrialGrant.objects.count() == 1

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ({"user": "nobody"}, 'class="errorlist"'),  # Each engine has its own words.
            ({"product": ""}, "This field is required"),
            ({"product": "prod_none"}, "Select a valid choice"),
            ({}, "Pro has no price with a free trial, so there is nothing to grant."),
        ],
    )
    def test_are_granted_only_where_there_is_one(
        self, person: User, admin_client: Client, price: Price, typed: dict[str, str], said: str
    ) -> None:
        granted = {"user": str(person.pk), "product": str(price.product_id), **typed}
        response = admin_client.post("/admin/subscriptions/trialgrant/add/", granted)
        assert response.status_code == 200
        assert said in response.content.decode()
        assert not TrialGrant.objects.exists()

    def test_of_an_earlier_customer_count(self, person: User, tried: Price) -> None:
        """Stripe lost the customer, or staff deleted it: the person has another one now."""
        account = person.billing_account
        account.customer = None
        account.save()
        assert trials.days_of(Price.objects.get(pk=tried.pk), user=person) == 0

    def test_of_a_customer_with_the_same_address_count(self, person: User, tried: Price, db: None) -> None:
        Customer.objects.update(named_account="")
        again = User.objects.create_user("ada2", email=person.email)
        assert trials.days_of(Price.objects.get(pk=tried.pk), user=again) == 0

    def test_of_the_product_first_bought_count_after_a_change(self, person: User, tried: Price, price: Price) -> None:
        Subscription.objects.update(
            product_id=price.product_id, price_id=price.pk, items=[{"price": price.pk, "product": price.product_id}]
        )
        assert trials.days_of(Price.objects.get(pk=tried.pk), user=person) == 0

    def test_of_other_people_do_not_count(self, tried: Price) -> None:
        other = User.objects.create_user("bob", email="bob@example.org")
        assert trials.days_of(Price.objects.get(pk=tried.pk), user=other) == 14
