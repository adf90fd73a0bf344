"""How linked rows are read on MongoDB."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions.models import Customer, Invoice
from tests.subscriptions.rows import bill

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("mongodb")]


def test_linked_rows_are_found_by_their_ids() -> None:
    customer = Customer.objects.create(pk="cus_1", email="ada@example.com")
    for pk in ("in_1", "in_2"):
        bill(customer, pk)
    with CaptureQueriesContext(connection) as sent:
        invoices = list(Invoice.objects.prefetch_related("customer"))
    assert [invoice.customer for invoice in invoices] == [customer] * 2
    [reading] = [query["sql"] for query in sent if "subscriptions_customer" in query["sql"]]
    assert f"{{'_id': {{'$in': ('{customer.pk}',)}}}}" in reading
    assert "$expr" not in reading
