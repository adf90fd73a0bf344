"""Creates the demo's sample data with the product's own code, as staff and a customer would have done."""

import json
import urllib.request
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone

from billing.catalog import importer, promotions
from billing.catalog import services as catalog
from billing.catalog.promotions import Discount
from billing.catalog.services import PriceTerms
from billing.models import Price, Product, PromotionCode
from subscriptions.checkout import services as checkout
from subscriptions.customers import api_users
from subscriptions.mirror import history
from subscriptions.user_model import User


@dataclass(frozen=True)
class Login:
    """A login that the demo prints. The passwords are public: only this machine can reach the demo."""

    role: str
    name: str
    password: str

    def __str__(self) -> str:
        return f"{self.role}: {self.name} / {self.password}"


# With a user model of your own, the e-mail address may be the name.
_AT = "@example.com" if api_users.name_is_address() else ""
STAFF = Login("staff", f"margaret{_AT}", "apollo-eleven")
CUSTOMER = Login("customer", f"ada{_AT}", "analytical-engine")

CARD = "4242424242424242"
CODE = "WELCOME20"


@dataclass(frozen=True)
class Sample:
    """A product and its prices; the first price is the default."""

    name: str
    description: str
    features: tuple[str, ...]
    prices: tuple[PriceTerms, ...]
    has_quantity: bool = False


SAMPLES = (
    Sample(
        "Starter",
        "For one person with one project.",
        ("1 project", "5 GB of storage", "Help by e-mail"),
        (
            PriceTerms(unit_amount=900, currency="usd"),
            PriceTerms(unit_amount=9000, currency="usd", interval="year"),
        ),
    ),
    Sample(
        "Team",
        "For a team that works together, priced by the seat.",
        ("Unlimited projects", "100 GB of storage", "Roles and permissions", "Help within a day"),
        (
            PriceTerms(unit_amount=2900, currency="usd", trial_days=14),
            PriceTerms(unit_amount=29000, currency="usd", interval="year"),
        ),
        has_quantity=True,
    ),
    Sample(
        "Analytics",
        "See which features people use, and how often.",
        ("Charts of every project", "A report each Monday"),
        (PriceTerms(unit_amount=1900, currency="usd", trial_days=7, trial_needs_card=False),),
    ),
    Sample(
        "Studio",
        "For agencies in Japan, billed in yen.",
        ("Everything in Team", "One workspace for each client", "Help in Japanese"),
        (PriceTerms(unit_amount=4800, currency="jpy"),),
    ),
    Sample(
        "Onboarding call",
        "An hour with an engineer who moves your data over. Paid once.",
        ("60 minutes", "A written plan afterwards"),
        (PriceTerms(unit_amount=15000, currency="usd", interval="one_time"),),
    ),
)

WELCOME = Discount(percent_off=20, duration=PromotionCode.Duration.REPEATING, duration_in_months=3)


def seed() -> list[Login]:
    """Create what is missing and return the logins. What people changed since the first run stays."""
    # The staff user is created last: if it exists, so does everything else.
    if api_users.find(STAFF.name) is None:
        _fill_catalog()
        _buy(_person(CUSTOMER), "Starter")
    staff, _ = _person(STAFF), _person(CUSTOMER)
    get_user_model()._default_manager.filter(pk=staff.pk).update(is_staff=True, is_superuser=True)
    return [STAFF, CUSTOMER]


def _fill_catalog() -> None:
    # After the database was deleted, the sandbox may still have the catalog.
    importer.import_catalog()
    for sample in SAMPLES:
        if not Product.objects.filter(name=sample.name).exists():
            _create_product(sample)
    if not PromotionCode.objects.filter(code=CODE).exists():
        promotions.create_promotion_code(code=CODE, discount=WELCOME, request_id="demo")


def _create_product(sample: Sample) -> None:
    first, *others = sample.prices
    product, _ = catalog.create_product(
        name=sample.name,
        description=sample.description,
        features=sample.features,
        price=first,
        has_quantity=sample.has_quantity,
        request_id=f"demo-{sample.name}",
    )
    for number, terms in enumerate(others):
        catalog.add_price(product=product, terms=terms, request_id=f"demo-{sample.name}-{number}")


def _person(login: Login) -> User:
    """Return the login's user, with the password that the demo prints."""
    model = get_user_model()
    address = login.name if api_users.name_is_address() else f"{login.name}@example.com"
    user, _ = model._default_manager.get_or_create(**{model.USERNAME_FIELD: login.name}, defaults={"email": address})
    if not user.check_password(login.password):
        user.set_password(login.password)
        user.save(update_fields=["password"])
    return user


def _buy(user: User, product_name: str) -> None:
    price = Price.objects.on_sale().filter(product__name=product_name).earliest("unit_amount")
    with history.caused_by("person", str(user.pk)):
        started = checkout.start(user=user, price_id=price.pk, now=timezone.now())
        if started.session is None:
            return  # An earlier start, interrupted since, has bought it.
        session_id = str(started.session.stripe_id)
        _pay(session_id)
        checkout.complete(user=user, session_id=session_id)


def _pay(session_id: str) -> None:
    """Pay with a test card, as the buyer would on the hosted checkout page."""
    request = urllib.request.Request(  # noqa: S310  (the sandbox's own address)
        f"{settings.STRIPE_API_BASE}/_sandbox/checkout/{session_id}/pay",
        data=json.dumps({"card": CARD}).encode(),
        headers={"Content-Type": "application/json"},
    )
    urllib.request.urlopen(request, timeout=30).close()  # noqa: S310
