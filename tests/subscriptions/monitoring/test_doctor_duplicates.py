"""The doctor on duplicates: plans paid twice, products of one name, customers of one person."""

import pytest

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price
from subscriptions.models import Customer
from tests.subscriptions.monitoring.doctor_command import Doctor
from tests.subscriptions.rows import LONG_AGO, MAY, subscribe
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestDuplicates:
    def test_somebody_who_pays_twice(self, doctor: Doctor, customer: Customer, price: Price) -> None:
        subscribe(customer, price, pk="sub_old", stripe_created_at=LONG_AGO)
        subscribe(customer, price, pk="sub_new", stripe_created_at=MAY)
        said = doctor("--fix").of("duplicates")
        assert len(said) == 1
        assert said[0] == starting(
            f"problem: {customer.pk} pays twice for {price.product_id}: sub_new is the newer one."
        )

    def test_products_of_one_name(self, doctor: Doctor, price: Price) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd")
        other = catalog.create_product(name="Pro", price=terms, request_id="other").product
        ids = ", ".join(sorted([str(price.product_id), other.pk]))
        assert doctor().of("duplicates")[0] == starting(f"note: Several products on sale have one name: {ids}.")

    def test_customers_of_one_person(self, doctor: Doctor, customer: Customer) -> None:
        Customer.objects.create(pk="cus_other", email="ada@example.com", metadata=customer.metadata)
        ids = ", ".join(sorted([customer.pk, "cus_other"]))
        assert doctor().of("duplicates")[0] == starting(f"note: One person has several customers at Stripe: {ids}.")
