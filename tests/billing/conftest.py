from collections.abc import Iterator

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from pytest_django.fixtures import Settings

from billing import gateway
from billing.gateway.snapshots import JSON
from billing.mirror.engine import apply_snapshot
from billing.mirror.kinds import PRODUCT
from billing.models import Product
from tests.billing.gateway.wire import Wire
from tests.billing.states import NOON, SECOND, state, written
from tests.fixtures import LocalStripe

User = get_user_model()


@pytest.fixture
def wire(settings: Settings) -> Iterator[Wire]:
    """A server that answers our gateway's real connections."""
    wire = Wire()
    settings.STRIPE_API_BASE = wire.url
    gateway.use_transport(None)
    yield wire
    gateway.use_transport(None)
    wire.stop()
    assert not wire.answers, "an answer was never asked for"


@pytest.fixture
def admin(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    """A browser in which grace, a superuser, is signed in."""
    client.force_login(staff)
    local_stripe.forget_calls()
    return client


@pytest.fixture
def product(local_stripe: LocalStripe) -> JSON:
    """A product at Stripe, called "as at Stripe"; it has no row here."""
    return local_stripe.api.products.create({"name": "as at Stripe"}).to_dict(for_json=True)


@pytest.fixture
def row(product: JSON) -> Product:
    """Its row, read between 12:00:00 and 12:00:02 under the name "as read"."""
    return written(apply_snapshot(PRODUCT, state(product, "as read", NOON, NOON + 2 * SECOND)))
