"""Two programs change a product's amount at once: one price is on sale in the end, and the other program is told."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.signals import pre_save
from django.test import Client
from django.utils import timezone

from billing import gateway, locks
from billing.models import KeptRequest, Price
from tests.billing.admin.browser import open_page, page_of
from tests.billing.admin.browser import refused as shown_again
from tests.billing.catalog_copies import at_stripe, here
from tests.config.api.conftest import Program, refused
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import Meanwhile

pytestmark = pytest.mark.django_db

STEPS = ["GET /v1/prices/", "POST /v1/prices", "POST /v1/products/", "POST /v1/prices/"]
MEANWHILE = "The prices of Pro are being changed right now. Please try again in a moment."


@pytest.fixture
def meanwhile(local_stripe: LocalStripe, price: Price) -> Meanwhile:
    transport = Meanwhile(local_stripe)
    gateway.use_transport(transport)
    return transport


def on_sale(local_stripe: LocalStripe) -> list[int | None]:
    listed = [price.unit_amount for price in local_stripe.api.prices.list({"active": True}).data]
    assert sorted(map(str, listed)) == sorted(map(str, Price.objects.on_sale().values_list("unit_amount", flat=True)))
    return listed


class TestAtOnce:
    @pytest.mark.parametrize("step", STEPS)
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("amount", [3900, 2900, 1900])
    def test_the_later_one_is_told_to_try_again(
        self, backend: Program, local_stripe: LocalStripe, meanwhile: Meanwhile, *, step: str, when: str, amount: int
    ) -> None:
        answers: list[Any] = []

        def ask() -> None:
            answers.append(backend.post("updateprod", prod_name="Pro", unit_amount=amount))

        getattr(meanwhile, when)(step, ask)
        first = backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        assert (first.status_code, first.json()["unit_amount"]) == (200, 2900)
        [second] = answers
        if second.status_code == 200:
            # It is the amount that the product had when this was asked.
            assert second.json()["unit_amount"] == amount
        else:
            assert refused(second, 409, "changed_meanwhile")["message"] == MEANWHILE
        assert on_sale(local_stripe) == [2900]
        assert at_stripe(local_stripe) == here()
        again = backend.post("updateprod", prod_name="Pro", unit_amount=amount)
        assert (again.status_code, on_sale(local_stripe)) == (200, [amount])
        assert KeptRequest.objects.count() == 0

    def test_one_that_has_read_the_price_before_it_was_replaced(
        self, backend: Program, local_stripe: LocalStripe, price: Price
    ) -> None:
        answers: list[Any] = []

        def ask(**_: object) -> None:
            pre_save.disconnect(ask, KeptRequest)
            answers.append(backend.post("updateprod", prod_name="Pro", unit_amount=3900))

        pre_save.connect(ask, KeptRequest)
        local_stripe.forget_calls()
        slow = backend.post("updateprod", prod_name="Pro", unit_amount=2900)
        assert [answer.status_code for answer in answers] == [200]
        assert refused(slow, 409, "changed_meanwhile")["message"] == (
            "The price of Pro was changed by somebody else meanwhile. Please look at it, and try again."
        )
        assert on_sale(local_stripe) == [3900]
        assert at_stripe(local_stripe) == here()

    @pytest.mark.parametrize("step", STEPS)
    def test_in_the_admin(
        self,
        backend: Program,
        admin_client: Client,
        local_stripe: LocalStripe,
        meanwhile: Meanwhile,
        *,
        price: Price,
        step: str,
    ) -> None:
        page = open_page(admin_client, page_of(price))
        said: list[str] = []
        meanwhile.after(step, lambda: said.append(str(shown_again(admin_client, page, amount="39").errors)))
        assert backend.post("updateprod", prod_name="Pro", unit_amount=2900).status_code == 200
        assert len(said) == 1
        assert MEANWHILE in said[0] or "is not on sale any more" in said[0]
        assert on_sale(local_stripe) == [2900]


@pytest.mark.parametrize(("age", "is_free"), [(5, False), (90, True), (-90_000, True)])
def test_a_killed_worker_holds_nobody_up_for_long(
    backend: Program, local_stripe: LocalStripe, price: Price, *, age: int, is_free: bool
) -> None:
    """A time that is far ahead comes of a clock that was wrong."""
    with locks.held(f"change a price of {price.product_id}"):
        KeptRequest.objects.update(asked_at=timezone.now() - timedelta(seconds=age))
        answer = backend.post("updateprod", prod_name="Pro", unit_amount=3900)
    assert answer.status_code == (200 if is_free else 409)
    assert on_sale(local_stripe) == [3900 if is_free else 1900]
    assert KeptRequest.objects.count() == 0
