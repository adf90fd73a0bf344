"""The worlds of the walk."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from billing.catalog import promotions
from billing.catalog import services as catalog
from billing.models import Price, Product, PromotionCode
from subscriptions.models import Invoice, Payment, Subscription
from subscriptions.plans import cancel, change
from tests.fixtures import LocalStripe
from tests.subscriptions.checkout.test_awaited_payments import order, sell
from tests.subscriptions.conftest import DAY, settle
from tests.subscriptions.customers.test_linking import made_in_dashboard

User = get_user_model()


@pytest.fixture
def bob(db: None, local_stripe: LocalStripe) -> User:
    """Somebody without a customer."""
    return User.objects.create_user("bob", "bob@example.com", "correct horse battery")


@pytest.fixture
def ending(subscription: Subscription) -> Subscription:
    """Ada's Pro, cancelled to the end of its period."""
    return cancel.cancel(subscription=subscription)


@pytest.fixture
def with_basic(subscription: Subscription, basic: Price) -> Subscription:
    return subscription


@pytest.fixture
def with_yearly(subscription: Subscription, yearly: Price) -> Subscription:
    return subscription


@pytest.fixture
def waiting(subscription: Subscription, basic: Price, team: Price) -> Subscription:
    """Ada's Pro, which changes to Basic when its period ends."""
    return change.schedule_change(subscription=subscription, price=basic, quantity=1)


@pytest.fixture
def elsewhere(price: Price, person: User, local_stripe: LocalStripe) -> str:
    """A customer with ada's address and a subscription, made in the dashboard."""
    customer_id = made_in_dashboard(local_stripe, price)
    settle()
    return customer_id


@pytest.fixture
def voucher_order(person: User, local_stripe: LocalStripe) -> Payment:
    """Ada's order of Atlas, to be paid with a voucher."""
    order(local_stripe, person, sell("mxn", "one_time"), "oxxo")
    settle()
    return Payment.objects.get()


@pytest.fixture
def archived(price: Price) -> Product:
    return catalog.archive_product(product=price.product)


@pytest.fixture
def spring(db: None, local_stripe: LocalStripe) -> PromotionCode:
    discount = promotions.Discount(percent_off=20)
    return promotions.create_promotion_code(code="SPRING", discount=discount, request_id="spring")


@pytest.fixture
def paid_invoice(subscription: Subscription) -> Invoice:
    return Invoice.objects.get()


@pytest.fixture
def open_invoice(subscription: Subscription, local_stripe: LocalStripe) -> Invoice:
    """The open invoice of ada's second month: her card failed, and her subscription was cancelled at once."""
    api, customer = local_stripe.api, str(subscription.customer_id)
    method = api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
    api.subscriptions.update(subscription.pk, {"default_payment_method": method.id})
    local_stripe.control("clock", advance=23 * DAY)
    api.subscriptions.cancel(subscription.pk)
    settle()
    return Invoice.objects.get(status="open")


@pytest.fixture
def second(subscription: Subscription, local_stripe: LocalStripe) -> Subscription:
    """Another subscription to Pro, made for ada in the dashboard."""
    customer = str(subscription.customer_id)
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer})
    made = local_stripe.api.subscriptions.create(
        {"customer": customer, "items": [{"price": str(subscription.price_id)}], "default_payment_method": method.id}
    )
    settle()
    return Subscription.objects.get(pk=made.id)


@pytest.fixture
def second_handbook(paid_handbook: Payment, local_stripe: LocalStripe) -> Payment:
    """Another Handbook, sold to ada in the dashboard."""
    intent = local_stripe.api.payment_intents.create(
        {
            "amount": 4900,
            "currency": "usd",
            "customer": str(paid_handbook.customer_id),
            "confirm": True,
            "payment_method": "pm_card_visa",
            "return_url": "https://example.com/",
        }
    )
    bought = {name: getattr(paid_handbook, name) for name in ("customer", "product", "price", "amount", "currency")}
    later = timezone.now() + timedelta(hours=1)
    return Payment.objects.create(payment_intent_id=intent.id, status="succeeded", stripe_created_at=later, **bought)
