"""The doctor on the catalog: differences from Stripe, and the key of another account."""

from datetime import timedelta

import pytest
import stripe
from django.utils import timezone

from billing import gateway
from billing.models import Price, Product
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import settle
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.monitoring.doctor_command import Doctor
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestTheCatalog:
    def test_is_brought_up_to_date(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.api.prices.update(price.pk, {"nickname": "Old"})
        made = local_stripe.api.products.create({"name": "New"})
        said = doctor()
        assert said.of("catalog")[0] == starting(f"note: Different at Stripe: {made.id}, {price.pk}.")
        assert (Product.objects.count(), said.left) == (1, "")
        assert "2 brought up to date." in doctor("--fix").of("fixed")
        assert set(Product.objects.values_list("name", flat=True)) == {"Pro", "New"}
        unpriced = f"note: On sale, but without a price that can be bought here: “New” ({made.id})."
        assert unpriced in doctor().of("catalog")

    def test_is_not_called_up_to_date_when_something_failed(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        made = local_stripe.api.products.create({"name": "New"})
        client = AlteringClient(local_stripe)
        client.alter("/v1/products", lambda objects: [obj.update(name=7) for obj in objects if obj["id"] == made.id])
        gateway.use_transport(client)
        said = doctor("--fix")
        assert said.of("catalog") == [
            (
                f"problem: The product {made.id} can't be read and is left out: The value of name is a int. "
                "Correct or archive it in Stripe's dashboard."
            )
        ]
        assert said.left == "problems: 1"
        assert [product.name for product in Product.objects.all()] == ["Pro"]

    def test_of_another_account_is_not_touched(self, doctor: Doctor, price: Price, local_stripe: LocalStripe) -> None:
        """The key of another account, whose products must not come on sale here."""
        local_stripe.control("reset")
        local_stripe.api.products.create({"name": "Theirs"})
        said = doctor("--fix")
        assert said.of("key") == [
            f"problem: STRIPE_KEY is for another account than this database: Stripe knows none of {price.product_id}."
        ]
        assert [product.name for product in Product.objects.all()] == ["Pro"]
        assert local_stripe.api.webhook_endpoints.list().data == []

    def test_of_which_one_was_deleted_is_still_ours(
        self, doctor: Doctor, price: Price, local_stripe: LocalStripe
    ) -> None:
        later = timezone.now() + timedelta(days=1)
        Product.objects.create(pk="prod_gone", name="Gone", active=False, known_from=later, known_until=later)
        assert doctor().of("key")[0] == starting("ok: ")
