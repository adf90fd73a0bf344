"""The lists of the admin read a page of their rows, however many there are."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from subscriptions.models import Customer, Invoice

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/admin/subscriptions/invoice/"


@pytest.fixture(autouse=True)
def invoices() -> None:
    for number in range(120):
        Customer.objects.create(pk=f"cus_{number}", stripe_created_at=_at(number))
        Invoice.objects.create(
            pk=f"in_{number:03}",
            status="paid" if number % 3 else "open",
            currency="usd",
            total=1900,
            amount_due=1900,
            amount_paid=1900,
            amount_remaining=0,
            customer_id=f"cus_{number}",
            stripe_created_at=_at(number),
        )


def _at(number: int) -> datetime:
    return datetime(2026, 5, 1, number // 10, tzinfo=UTC)


def shown(client: Client, path: str) -> Any:
    return client.get(path).context["cl"]


class TestPages:
    def test_are_counted(self, admin_client: Client) -> None:
        assert shown(admin_client, PATH).paginator.num_pages == 3
        assert shown(admin_client, PATH).result_count == 120

    def test_of_a_filtered_list_are_counted(self, admin_client: Client) -> None:
        assert shown(admin_client, f"{PATH}?status=open").result_count == 40

    def test_have_each_row_once_newest_first(self, admin_client: Client) -> None:
        listed = [row.pk for page in (1, 2, 3) for row in shown(admin_client, f"{PATH}?p={page}").result_list]
        by_age = sorted(Invoice.objects.order_by(), key=lambda row: (-row.stripe_created_at.timestamp(), row.pk))
        assert listed == [row.pk for row in by_age]

    @pytest.mark.only_on("mongodb")
    def test_are_read_alone(self, admin_client: Client) -> None:
        from tests.mongo.recorder import recorder  # noqa: PLC0415  (of MongoDB alone)

        with recorder.watched() as sent:
            shown(admin_client, PATH)
        (rows,) = [one.pipeline for _, one in sent if one.collection == Invoice._meta.db_table and _is_list(one)]
        assert [next(iter(stage)) for stage in rows] == ["$sort", "$limit", "$lookup", "$set", "$unwind"]
        assert rows[:2] == [{"$sort": {"stripe_created_at": -1, "_id": 1}}, {"$limit": 50}]


def _is_list(statement: Any) -> bool:
    """Return whether a statement is not one for the values that a filter offers."""
    return not any("$group" in stage for stage in statement.pipeline)
