"""Each defect of mongomock-ng that the adapter mends: the pipelines are of the kind that Django's backend makes."""

import mongomock_ng
import pytest
from pymongo.errors import BulkWriteError, DuplicateKeyError, OperationFailure

from tests import mongomock_adapter  # noqa: F401  (mends mongomock)


@pytest.fixture
def database():
    database = mongomock_ng.MongoClient()["shop"]
    database["product"].insert_many([{"_id": "prod_1", "name": "Pro"}, {"_id": "prod_2", "name": "Team"}])
    database["price"].insert_many(
        [
            {"_id": "price_1", "product": "prod_1", "amount": 10, "currency": "eur"},
            {"_id": "price_2", "product": "prod_1", "amount": 20, "currency": "usd"},
            {"_id": "price_3", "product": "prod_2", "amount": 30, "currency": "usd"},
        ]
    )
    return database


class TestGetField:
    def test_of_an_expression(self, database):
        """Django's count() reads the first of a list so."""
        first = {"$arrayElemAt": ["$found", 0]}
        pipeline = [
            {"$facet": {"found": [{"$count": "n"}]}},
            {"$project": {"n": {"$getField": {"input": first, "field": "n"}}}},
        ]
        assert list(database["price"].aggregate(pipeline)) == [{"n": 3}]

    def test_of_a_field_whose_name_is_an_expression(self, database):
        pipeline = [{"$project": {"_id": 0, "n": {"$getField": {"input": "$$ROOT", "field": {"$literal": "name"}}}}}]
        assert list(database["product"].aggregate(pipeline)) == [{"n": "Pro"}, {"n": "Team"}]

    def test_of_this_document(self, database):
        pipeline = [{"$project": {"_id": 0, "n": {"$getField": "name"}}}]
        assert list(database["product"].aggregate(pipeline)) == [{"n": "Pro"}, {"n": "Team"}]

    @pytest.mark.parametrize(
        ("place", "type_name"),
        [("$$ROOT", "missing"), ("$nothing", "missing"), ("$name", "missing"), (None, "null")],
        ids=["a document", "a missing field", "a text", "null"],
    )
    def test_that_is_absent(self, database, place, type_name):
        pipeline = [{"$project": {"_id": 0, "n": {"$type": {"$getField": {"input": place, "field": "absent"}}}}}]
        assert list(database["product"].aggregate(pipeline)) == [{"n": type_name}] * 2


class TestMatch:
    @pytest.mark.parametrize(
        ("operator", "found"),
        [("$and", ["price_1", "price_2"]), ("$or", ["price_1", "price_2"]), ("$nor", ["price_3"])],
        ids=["and", "or", "nor"],
    )
    def test_knows_variables_inside(self, database, operator, found):
        its_product = {"$expr": {"$eq": ["$product", "$$id"]}}
        lookup = {"from": "price", "let": {"id": "$_id"}, "pipeline": [{"$match": {operator: [its_product]}}]}
        rows = database["product"].aggregate([{"$match": {"_id": "prod_1"}}, {"$lookup": lookup | {"as": "prices"}}])
        assert [price["_id"] for price in next(rows)["prices"]] == found

    def test_knows_them_deeper_inside(self, database):
        its_product = {"$expr": {"$eq": ["$product", "$$id"]}}
        condition = {"$and": [{"currency": "usd"}, {"$or": [{"amount": 30}, its_product]}]}
        lookup = {"from": "price", "let": {"id": "$_id"}, "pipeline": [{"$match": condition}], "as": "prices"}
        rows = database["product"].aggregate([{"$match": {"_id": "prod_1"}}, {"$lookup": lookup}])
        assert [price["_id"] for price in next(rows)["prices"]] == ["price_2", "price_3"]


class TestDuplicateKey:
    def test_is_worded_as_by_mongodb(self, database):
        with pytest.raises(DuplicateKeyError, match=r"^E11000 duplicate key error"):
            database["product"].insert_one({"_id": "prod_1"})

    def test_among_many(self, database):
        with pytest.raises(BulkWriteError, match="E11000 duplicate key error"):
            database["product"].insert_many([{"_id": "prod_3"}, {"_id": "prod_1"}])

    def test_in_a_unique_index(self, database):
        database["product"].create_index("name", unique=True)
        with pytest.raises(DuplicateKeyError, match=r"^E11000 duplicate key error") as failure:
            database["product"].insert_one({"_id": "prod_3", "name": "Pro"})
        assert (failure.value.code, failure.value.details["keyValue"]) == (11000, {"name": "Pro"})


class TestAddFields:
    @pytest.mark.parametrize("stage", ["$addFields", "$set"])
    def test_merges_into_a_document(self, database, stage):
        join = {"from": "product", "localField": "product", "foreignField": "_id", "as": "its"}
        pipeline = [
            {"$match": {"_id": "price_1"}},
            {"$lookup": join},
            {"$unwind": "$its"},
            {stage: {"its": {"cost": "$amount", "more": {"currency": "$currency"}}, "sum": {"$add": ["$amount", 1]}}},
            {"$project": {"_id": 0, "its": 1, "sum": 1}},
        ]
        its = {"_id": "prod_1", "name": "Pro", "cost": 10, "more": {"currency": "eur"}}
        assert list(database["price"].aggregate(pipeline)) == [{"its": its, "sum": 11}]


class TestLookup:
    def test_as_the_first_stage_of_another(self, database):
        database["item"].insert_one({"_id": "si_1", "price": "price_1"})
        to_product = {"from": "product", "localField": "product", "foreignField": "_id", "as": "product"}
        to_price = {
            "from": "price",
            "localField": "price",
            "foreignField": "_id",
            "pipeline": [{"$lookup": to_product}],
        }
        (item,) = database["item"].aggregate([{"$lookup": to_price | {"as": "price"}}])
        assert [price["product"] for price in item["price"]] == [[{"_id": "prod_1", "name": "Pro"}]]


def test_search_indexes_are_refused_as_by_a_mongodb_that_is_not_atlas(database):
    """Django's backend asks for them when a migration removes an indexed field."""
    with pytest.raises(OperationFailure, match="only allowed on MongoDB Atlas"):
        database["price"].list_search_indexes()
