"""The doctor, and a webhook endpoint that it finds nothing wrong with."""

import pytest
import stripe

from billing import gateway
from subscriptions.webhooks import handlers
from tests.fixtures import LocalStripe
from tests.subscriptions.monitoring.doctor_command import URL, Doctor, Output


@pytest.fixture
def doctor(capsys: Output) -> Doctor:
    return Doctor(capsys)


@pytest.fixture
def endpoint(local_stripe: LocalStripe) -> stripe.WebhookEndpoint:
    """A webhook endpoint that is as it should be."""
    made = gateway.create_webhook_endpoint(
        url=URL, enabled_events=sorted(handlers.HANDLERS), description="Standing Order"
    )
    local_stripe.forget_calls()
    return local_stripe.api.webhook_endpoints.retrieve(made.id)
