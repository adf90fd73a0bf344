"""The texts of the keys, which never change: a request under way during an update must stay the same request."""

from uuid import UUID

import pytest

from billing import idempotency
from billing.models import Installation

pytestmark = pytest.mark.django_db

INSTALLATION = "0123456789abcdef0123456789abcdef"
ROW = UUID("11111111-2222-3333-4444-555555555555")


@pytest.fixture(autouse=True)
def _installation() -> None:
    Installation.objects.update_or_create(pk=Installation.THE_ONE, defaults={"uuid": UUID(INSTALLATION)})


def test_names_the_installation_the_action_the_row_and_the_attempt() -> None:
    assert idempotency.key("customer", ROW, 2) == f"{INSTALLATION}-customer-11111111-2222-3333-4444-555555555555-2"


def test_of_a_form_depends_on_what_was_sent() -> None:
    assert idempotency.form_key("price", "r1", {"b": 1, "a": 2}) == f"{INSTALLATION}-price-r1-21501dbaf73f5223"
    assert idempotency.form_key("price", "r1", {"a": 2, "b": 1}) == f"{INSTALLATION}-price-r1-21501dbaf73f5223"
    assert idempotency.form_key("price", "r1", {"a": 3, "b": 1}) != f"{INSTALLATION}-price-r1-21501dbaf73f5223"
