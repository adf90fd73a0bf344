"""Each rule: commands that break it, and commands that keep it."""

from typing import Any

import pytest

from tests.mongo import rules
from tests.mongo.askers import Asker
from tests.mongo.exceptions import SMALL
from tests.mongo.indexes import Indexes
from tests.mongo.statements import Statement, statements

ORDER = {"created_at": -1, "_id": 1}


@pytest.fixture
def indexes() -> Indexes:
    """Of customers by e-mail address, of invoices by customer and by date; a partial and a sparse one beside."""
    known = Indexes()
    by_email = {"name": "by_email", "key": {"email": 1}}
    partial = {"name": "unique", "key": {"number": 1}, "unique": True, "partialFilterExpression": {"number": {}}}
    sparse = {"name": "sparse", "key": {"coupon": 1}, "sparse": True}
    known.follow("shop", "createIndexes", {"createIndexes": "customer", "indexes": [by_email, partial, sparse]})
    by_customer = {"name": "by_customer", "key": {"customer_id": 1, "created_at": -1}}
    by_date = {"name": "by_date", "key": ORDER}
    known.follow("shop", "createIndexes", {"createIndexes": "invoice", "indexes": [by_customer, by_date]})
    return known


def broken(indexes: Indexes, statement: Statement, asker: Asker = Asker.PAGE) -> list[str]:
    return [rule for rule, _ in rules.broken(statement, lambda table: indexes.of("shop", table), asker)]


def read(*stages: dict[str, Any], of: str = "customer") -> Statement:
    return Statement("read", of, list(stages))


def asked(condition: dict[str, Any], of: str = "customer") -> Statement:
    return read({"$match": condition}, of=of)


LOOKUP = {
    "$lookup": {"from": "invoice", "localField": "_id", "foreignField": "customer_id", "as": "its", "pipeline": []}
}
UNWIND = {"$unwind": "$its"}


class TestFilterUsesAnIndex:
    @pytest.mark.parametrize(
        "condition",
        [
            {"name": "Eve"},
            {"number": 7},
            {"coupon": "half"},
            {},
            {"email": {"$ne": ""}},
            {"email": {"$exists": True}},
            {"email": {"$regex": "^a@example\\.com$", "$options": "i"}},
            {"$nor": [{"email": "a@example.com"}]},
            {"$or": [{"email": "a@example.com"}, {"name": "Eve"}]},
            {"$and": [{"name": "Eve"}, {"$nor": [{"_id": "cus_1"}]}]},
            {"$expr": {"$eq": ["$name", "Eve"]}},
            {"$expr": {"$eq": ["$email", "$name"]}},
            {"$expr": {"$in": ["$email", ["a@example.com"]]}},
        ],
        ids=str,
    )
    def test_reads_everything(self, indexes: Indexes, condition: dict[str, Any]) -> None:
        for asker in set(Asker) - {Asker.TEST, Asker.MIGRATION, Asker.ADMIN}:
            assert broken(indexes, asked(condition), asker) == ["filter_uses_an_index"]

    @pytest.mark.parametrize(
        "condition",
        [
            {"_id": "cus_1"},
            {"email": "a@example.com"},
            {"email": None},
            {"$or": [{"email": {"$exists": False}}, {"email": None}]},
            {"email": {"$in": ["a@example.com"]}},
            {"email": {"$gte": "a", "$lt": "b"}},
            {"email": {"$regex": "^a@example\\.com", "$options": ""}},
            {"$and": [{"name": "Eve"}, {"$and": [{"email": "a@example.com"}]}]},
            {"$or": [{"email": "a@example.com"}, {"$and": [{"_id": "cus_1"}, {"name": "Eve"}]}]},
            {"$expr": {"$eq": ["$email", "a@example.com"]}},
            {"$expr": {"$and": [{"$gt": ["$email", "$$bound"]}, {"$eq": ["$name", "Eve"]}]}},
        ],
        ids=str,
    )
    def test_finds_by_an_index(self, indexes: Indexes, condition: dict[str, Any]) -> None:
        assert broken(indexes, asked(condition)) == []

    def test_staff_filter_by_what_they_like(self, indexes: Indexes) -> None:
        assert broken(indexes, asked({"name": "Eve"}), Asker.ADMIN) == []
        assert broken(indexes, read(), Asker.ADMIN) == ["filter_uses_an_index"]

    def test_a_filter_after_a_join_counts_if_it_is_about_its_own_fields(self, indexes: Indexes) -> None:
        found = read(LOOKUP, UNWIND, {"$match": {"$and": [{"email": "a@example.com"}, {"its.paid": True}]}})
        assert broken(indexes, found, Asker.PASS) == []
        joined = read(LOOKUP, UNWIND, {"$match": {"its.customer_id": "cus_1"}})
        assert broken(indexes, joined, Asker.PASS) == ["filter_uses_an_index"]

    def test_a_filter_of_groups_does_not_count(self, indexes: Indexes) -> None:
        grouped = read({"$group": {"_id": "$email"}}, {"$match": {"_id": "a@example.com"}})
        assert broken(indexes, grouped) == ["filter_uses_an_index"]

    def test_the_joined_collection_needs_an_index_too(self, indexes: Indexes) -> None:
        by_id = {"$match": {"_id": "cus_1"}}
        unindexed = {"$lookup": {**LOOKUP["$lookup"], "foreignField": "paid_by"}}
        assert broken(indexes, read(by_id, LOOKUP), Asker.ADMIN) == []
        assert broken(indexes, read(by_id, unindexed), Asker.PASS) == ["filter_uses_an_index"]

    def test_a_joined_collection_may_be_filtered_by_a_variable(self, indexes: Indexes) -> None:
        def with_filter(name: str) -> Statement:
            condition = {"$match": {"$expr": {"$eq": [f"${name}", "$$id"]}}}
            lookup = {"from": "invoice", "let": {"id": "$_id"}, "as": "its", "pipeline": [condition]}
            return read({"$match": {"_id": "cus_1"}}, {"$lookup": lookup})

        assert broken(indexes, with_filter("customer_id"), Asker.ADMIN) == []
        assert broken(indexes, with_filter("number"), Asker.PASS) == ["filter_uses_an_index"]

    def test_a_page_may_be_read_in_the_order_of_an_index(self, indexes: Indexes) -> None:
        page = [{"$sort": ORDER}, {"$limit": 50}]
        assert broken(indexes, read(*page, of="invoice"), Asker.ADMIN) == []
        assert broken(indexes, read(*page, of="invoice"), Asker.PAGE) == []
        assert broken(indexes, read(page[0], of="invoice"), Asker.ADMIN) == []  # Django limits lists of many pages.
        assert broken(indexes, read(page[0], of="invoice"), Asker.PASS) == ["filter_uses_an_index"]
        by_name = [{"$sort": {"name": 1}}, {"$limit": 50}]
        assert broken(indexes, read(*by_name, of="invoice"), Asker.ADMIN) == ["filter_uses_an_index"]

    def test_a_small_collection_may_be_read_whole(self, indexes: Indexes) -> None:
        assert broken(indexes, read({"$sort": {"name": 1}}, of=next(iter(SMALL)))) == []

    def test_an_index_that_is_dropped_counts_no_more(self, indexes: Indexes) -> None:
        indexes.follow("shop", "dropIndexes", {"dropIndexes": "customer", "index": "by_email"})
        assert broken(indexes, asked({"email": "a@example.com"})) == ["filter_uses_an_index"]

    def test_tests_and_migrations_are_not_asked(self, indexes: Indexes) -> None:
        assert broken(indexes, asked({"name": "Eve"}), Asker.TEST) == []
        assert broken(indexes, asked({"name": "Eve"}), Asker.MIGRATION) == []


class TestRegexIsEscaped:
    @pytest.mark.parametrize(
        "condition",
        [
            {"$regex": "^john+a@example\\.com$", "$options": "i"},
            {"$regex": "a.b"},
            {"$regex": "a\\\\.b"},
            {"$not": {"$regex": "a|b"}},
        ],
        ids=str,
    )
    def test_a_text_as_it_is(self, indexes: Indexes, condition: dict[str, Any]) -> None:
        assert broken(indexes, asked({"_id": "cus_1", "name": condition})) == ["regex_is_escaped"]

    @pytest.mark.parametrize("pattern", ["^john\\+a@example\\.com$", "Eve", "a\\.b", "a\\\\b", "\\$5\\.00"])
    def test_an_escaped_text(self, indexes: Indexes, pattern: str) -> None:
        assert broken(indexes, asked({"_id": "cus_1", "name": {"$regex": pattern}})) == []

    def test_in_an_expression(self, indexes: Indexes) -> None:
        def matching(regex: Any) -> Statement:
            match = {"$regexMatch": {"input": "$name", "regex": regex, "options": "i"}}
            return asked({"_id": "cus_1", "$expr": match})

        assert broken(indexes, matching("a.b")) == ["regex_is_escaped"]
        assert broken(indexes, matching({"$concat": ["^", {"$literal": "a.b"}, "$"]})) == ["regex_is_escaped"]
        assert broken(indexes, matching({"$concat": ["^", {"$literal": "a\\.b"}, "$"]})) == []


class TestSetIsLiteral:
    @pytest.mark.parametrize("value", ["free", 5, None, [], {}, {"amount": {"$literal": 1}}], ids=str)
    def test_a_bare_value(self, indexes: Indexes, value: Any) -> None:
        update = Statement("update", "customer", [{"$match": {"_id": "cus_1"}}], [{"$set": {"plan": value}}])
        assert broken(indexes, update) == ["set_is_literal"]
        assert broken(indexes, update, Asker.MIGRATION) == ["set_is_literal"]

    @pytest.mark.parametrize("value", [{"$literal": "$free"}, {"$add": ["$count", 1]}, "$email"], ids=str)
    def test_a_literal_or_an_expression(self, indexes: Indexes, value: Any) -> None:
        update = Statement("update", "customer", [{"$match": {"_id": "cus_1"}}], [{"$set": {"plan": value}}])
        assert broken(indexes, update) == []

    def test_an_update_that_is_no_pipeline_takes_values_as_they_are(self, indexes: Indexes) -> None:
        update = Statement("update", "customer", [{"$match": {"_id": "cus_1"}}], {"$set": {"plan": "$free"}})
        assert broken(indexes, update) == []


class TestKeyedWriteIsRetryable:
    @pytest.mark.parametrize("pinned", ["cus_1", {"$eq": "cus_1"}, {"$in": ["cus_1"]}], ids=str)
    @pytest.mark.parametrize("verb", ["update", "delete"])
    def test_one_row_as_many(self, indexes: Indexes, verb: str, pinned: Any) -> None:
        match = [{"$match": {"$and": [{"name": "Eve"}, {"_id": pinned}]}}]
        assert broken(indexes, Statement(verb, "customer", match, is_multi=True)) == ["keyed_write_is_retryable"]
        assert broken(indexes, Statement(verb, "customer", match)) == []

    @pytest.mark.parametrize(
        "condition", [{"_id": {"$in": ["cus_1", "cus_2"]}}, {"_id": {"$gt": "a"}}, {"email": "a@example.com"}], ids=str
    )
    def test_many_rows(self, indexes: Indexes, condition: dict[str, Any]) -> None:
        assert broken(indexes, Statement("delete", "customer", [{"$match": condition}], is_multi=True)) == []


class TestHurry:
    HURRIED = (Asker.PAGE, Asker.API, Asker.WEBHOOK, Asker.QUIET_PASS)

    @pytest.mark.parametrize(
        "stages",
        [
            [LOOKUP, UNWIND, {"$match": {"_id": "cus_1"}}],
            [{"$match": {"email": {"$gt": "a"}}}, LOOKUP, UNWIND],
            [{"$match": {"email": "a@example.com"}}, {"$sort": {"email": 1}}, LOOKUP, UNWIND],
        ],
        ids=str,
    )
    def test_a_join_of_rows_not_found_yet(self, indexes: Indexes, stages: list[dict[str, Any]]) -> None:
        for asker in Asker:
            found = broken(indexes, read(*stages), asker)
            assert found == ["hurry_finds_before_it_joins"] * (asker in self.HURRIED)

    @pytest.mark.parametrize(
        "stages",
        [
            [{"$match": {"_id": "cus_1"}}, LOOKUP, UNWIND],
            [{"$match": {"_id": {"$in": ["cus_1", "cus_2"]}}}, LOOKUP, UNWIND],
            [{"$match": {"email": {"$gt": "a"}}}, {"$sort": {"email": 1}}, {"$limit": 20}, LOOKUP, UNWIND],
        ],
        ids=str,
    )
    def test_a_join_of_found_rows(self, indexes: Indexes, stages: list[dict[str, Any]]) -> None:
        for asker in Asker:
            assert broken(indexes, read(*stages), asker) == []

    @pytest.mark.parametrize(
        ("condition", "order"),
        [
            ({"email": "a@example.com"}, {"name": 1}),
            ({"email": {"$gt": "a"}}, {"name": 1}),
            ({"email": {"$in": ["a", "b"]}}, {"name": 1}),
        ],
        ids=str,
    )
    def test_an_order_in_memory(self, indexes: Indexes, condition: dict[str, Any], order: dict[str, int]) -> None:
        ordered = read({"$match": condition}, {"$sort": order})
        for asker in Asker:
            assert broken(indexes, ordered, asker) == ["hurry_sorts_by_an_index"] * (asker in self.HURRIED)

    @pytest.mark.parametrize(
        ("condition", "order"),
        [
            ({"customer_id": "cus_1"}, {"created_at": -1}),
            ({"customer_id": "cus_1"}, {"created_at": 1}),
            ({"customer_id": {"$eq": "cus_1"}, "paid": True}, {"created_at": -1}),
            ({"customer_id": "cus_1"}, {"customer_id": 1, "created_at": -1}),
            ({"created_at": {"$gt": 1}}, ORDER),
            ({"created_at": {"$gt": 1}}, {"created_at": 1, "_id": -1}),
            ({"_id": "in_1"}, {"paid": 1}),
            ({"_id": {"$gt": "in_1"}}, {"_id": 1}),
            ({"_id": {"$in": ["in_1", "in_2"]}}, {"paid": 1}),
            ({"customer_id": "cus_1"}, {"paid": 1}),
            ({"$or": [{"_id": "in_1"}, {"customer_id": {"$in": ["cus_1"]}}]}, {"paid": 1}),
        ],
        ids=str,
    )
    def test_an_order_by_an_index_or_of_few_rows(
        self, indexes: Indexes, condition: dict[str, Any], order: dict[str, int]
    ) -> None:
        assert broken(indexes, read({"$match": condition}, {"$sort": order}, of="invoice")) == []

    @pytest.mark.parametrize(
        "order", [{"created_at": -1, "_id": -1}, {"paid": 1}, {"_id": 1, "created_at": -1}], ids=str
    )
    def test_an_order_that_the_index_has_not(self, indexes: Indexes, order: dict[str, int]) -> None:
        ordered = read({"$match": {"created_at": {"$gt": 1}}}, {"$sort": order}, of="invoice")
        assert broken(indexes, ordered) == ["hurry_sorts_by_an_index"]

    def test_an_order_of_groups(self, indexes: Indexes) -> None:
        groups = [{"$match": {"email": {"$gt": "a"}}}, {"$group": {"_id": "$plan"}}, {"$sort": {"_id": 1}}]
        assert broken(indexes, read(*groups)) == []

    def test_an_order_after_columns_are_made(self, indexes: Indexes) -> None:
        stages = [
            {"$match": {"created_at": {"$gt": 1}}},
            {"$project": {"created_at": 1}},
            {"$sort": {"created_at": -1}},
        ]
        assert broken(indexes, read(*stages, of="invoice")) == ["hurry_sorts_by_an_index"]


class TestStatements:
    @pytest.mark.parametrize(
        ("command", "found"),
        [
            ({"aggregate": "a", "pipeline": [{"$sort": {"b": 1}}]}, [Statement("read", "a", [{"$sort": {"b": 1}}])]),
            ({"aggregate": 1, "pipeline": []}, []),
            (
                {"find": "a", "filter": {"b": 1}, "sort": {"c": 1}, "limit": 1},
                [Statement("read", "a", [{"$match": {"b": 1}}, {"$sort": {"c": 1}}, {"$limit": 1}])],
            ),
            ({"count": "a", "query": {"b": 1}}, [Statement("read", "a", [{"$match": {"b": 1}}])]),
            ({"count": "a"}, []),
            ({"distinct": "a", "key": "b"}, [Statement("read", "a", [])]),
            (
                {"update": "a", "updates": [{"q": {"b": 1}, "u": [], "multi": True}, {"q": {}, "u": []}]},
                [
                    Statement("update", "a", [{"$match": {"b": 1}}], [], is_multi=True),
                    Statement("update", "a", [{"$match": {}}], []),
                ],
            ),
            (
                {"delete": "a", "deletes": [{"q": {"b": 1}, "limit": 0}, {"q": {}, "limit": 1}]},
                [
                    Statement("delete", "a", [{"$match": {"b": 1}}], is_multi=True),
                    Statement("delete", "a", [{"$match": {}}]),
                ],
            ),
            (
                {"findAndModify": "a", "query": {"b": 1}, "update": []},
                [Statement("update", "a", [{"$match": {"b": 1}}], [])],
            ),
            ({"insert": "a", "documents": [{"b": 1}]}, []),
        ],
        ids=lambda case: next(iter(case)) if isinstance(case, dict) else "",
    )
    def test_are_taken_out_of_commands(self, command: dict[str, Any], found: list[Statement]) -> None:
        assert list(statements(next(iter(command)), command)) == found

    def test_of_one_query_have_one_shape(self) -> None:
        def shape(value: Any, field: str = "email") -> str:
            match = {field: value, "state": {"$in": [value, "x"]}, "$expr": {"$eq": ["$a", {"$literal": value}]}}
            return read({"$match": match}, {"$sort": {"email": 1}}, {"$limit": len(str(value))}).shape()

        assert shape("a") == shape(5) == shape("b@example.com")
        assert shape("a") != shape("a", field="name")
