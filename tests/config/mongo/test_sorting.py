"""Queries find and sort their rows before they join and make columns, so that MongoDB can use an index."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from billing.models import Price, Product
from config.mongo.backend.sorting import rows_first
from subscriptions.models import BillingAccount, Customer, Subscription

on_mongodb = pytest.mark.only_on("mongodb")


def stages(rows: "QuerySet[Any, Any]") -> list[str]:
    """Return the operators of the pipeline that a query becomes."""
    made = rows.query.get_compiler("default")
    made.pre_sql_setup()
    needs_columns = made.query.annotations or not made.query.default_cols or made.query.distinct
    return [next(iter(stage)) for stage in made.build_query(made.columns if needs_columns else None).get_pipeline()]


@on_mongodb
class TestOrderOfStages:
    def test_rows(self) -> None:
        assert stages(Subscription.objects.filter(status="active")) == ["$match", "$sort"]

    def test_a_page_of_rows(self) -> None:
        assert stages(Subscription.objects.filter(status="active")[10:20]) == ["$match", "$sort", "$skip", "$limit"]

    def test_values(self) -> None:
        rows = Subscription.objects.filter(status="active").values_list("pk")[:5]
        assert stages(rows) == ["$match", "$sort", "$limit", "$project"]

    def test_joins_that_only_add_to_the_rows(self) -> None:
        rows = Subscription.objects.filter(status="active").select_related("customer", "price__product")[:5]
        assert stages(rows) == ["$match", "$sort", "$limit", *["$lookup", "$set", "$unwind"] * 3]

    def test_joins_without_a_filter(self) -> None:
        rows = Subscription.objects.select_related("customer")[:5]
        assert stages(rows) == ["$sort", "$limit", "$lookup", "$set", "$unwind"]

    def test_joins_without_an_order(self) -> None:
        rows = Subscription.objects.filter(status="active").order_by().select_related("customer")
        assert stages(rows) == ["$match", "$lookup", "$set", "$unwind"]
        assert stages(rows[:1]) == ["$match", "$limit", "$lookup", "$set", "$unwind"]

    def test_a_join_that_can_leave_out_rows(self) -> None:
        rows = BillingAccount.objects.filter(customer="cus_1").select_related("user")
        assert stages(rows) == ["$match", "$lookup", "$unwind"]
        assert stages(rows.order_by("pk")[:1]) == ["$match", "$lookup", "$unwind", "$sort", "$limit"]

    def test_a_join_that_is_asked_for(self) -> None:
        rows = Subscription.objects.filter(customer__email="a@example.com").select_related("customer")[:5]
        assert stages(rows) == ["$lookup", "$unwind", "$match", "$sort", "$limit"]

    def test_a_join_that_gives_the_order(self) -> None:
        rows = Price.objects.order_by("product__name")[:5]
        assert stages(rows) == ["$lookup", "$set", "$unwind", "$addFields", "$sort", "$limit"]

    def test_a_join_that_multiplies_the_rows(self) -> None:
        rows = Product.objects.filter(name="Pro").order_by("name").values("name", "prices__unit_amount")[:5]
        assert stages(rows) == ["$match", "$lookup", "$set", "$unwind", "$sort", "$limit", "$project"]

    def test_an_order_by_an_expression(self) -> None:
        assert stages(Product.objects.order_by(Lower("name"))) == ["$addFields", "$sort"]

    def test_groups(self) -> None:
        rows = Subscription.objects.order_by("status").values("status").annotate(count=Count("pk"))
        assert stages(rows)[-1] == "$sort"

    def test_a_question_about_other_rows(self) -> None:
        theirs = Subscription.objects.filter(customer=OuterRef("pk")).order_by("-stripe_created_at")
        rows = Customer.objects.filter(Exists(theirs)).order_by("email")[:5]
        assert stages(rows) == ["$lookup", "$set", "$match", "$sort", "$limit"]


@on_mongodb
class TestRowsFirst:
    def test_an_alias_of_the_name_of_a_column_is_sorted_by_the_alias(self) -> None:
        pipeline = [{"$project": {"name": {"$toLower": "$name"}}}, {"$sort": {"name": 1}}]
        assert rows_first(pipeline, keeps_rows=True) == pipeline

    def test_a_column_that_is_left_out_is_not_sorted_by(self) -> None:
        pipeline = [{"$project": {"name": 1}}, {"$sort": {"price": 1}}]
        assert rows_first(pipeline, keeps_rows=True) == pipeline

    def test_columns_that_are_renamed_pass(self) -> None:
        pipeline = [{"$project": {"name": "$name", "_id": 1}}, {"$sort": {"name": 1, "_id": -1}}]
        assert rows_first(pipeline, keeps_rows=True) == pipeline[::-1]


@pytest.mark.django_db(transaction=True)
class TestRows:
    """The same rows in the same order as before, on any engine."""

    @pytest.fixture(autouse=True)
    def _rows(self) -> None:
        for number in range(4):
            Product.objects.create(pk=f"prod_{number}", name=f"Plan {number % 2}", stripe_created_at=_at(number))
            Price.objects.create(pk=f"price_{number}", product_id=f"prod_{3 - number}", unit_amount=number // 2)
        Price.objects.create(pk="price_lost", product_id="prod_unknown", unit_amount=1)

    def test_in_the_middle(self) -> None:
        rows = Product.objects.filter(pk__gt="prod_0").order_by("name", "-stripe_created_at")[1:3]
        assert [row.pk for row in rows] == ["prod_3", "prod_1"]

    def test_with_joins(self) -> None:
        rows = Price.objects.select_related("product").order_by("-unit_amount", "pk")[1:4]
        assert [(row.pk, row.product and row.product.name) for row in rows] == [
            ("price_3", "Plan 0"),
            ("price_lost", None),
            ("price_0", "Plan 1"),
        ]

    def test_by_a_joined_column(self) -> None:
        rows = Price.objects.exclude(product__name=None).order_by("product__name", "pk").values_list("pk", flat=True)
        assert list(rows[:3]) == ["price_1", "price_3", "price_0"]


def _at(number: int) -> datetime:
    return datetime(2026, 5, 1 + number, tzinfo=UTC)
