"""What a server plans is read from its answers to `explain`, and compared with what the rules assume."""

from typing import Any

import pytest
from django.db import connection
from pymongo import MongoClient

from subscriptions.models import Customer
from tests.mongo import plans
from tests.mongo.indexes import Index
from tests.mongo.plans import Plan
from tests.mongo.recorder import recorder
from tests.mongo.statements import Statement

BY_EMAIL = [Index((("_id", 1),)), Index((("email", 1), ("created_at", -1)))]


def answer(plan: dict[str, Any], examined: int = 0, returned: int = 0) -> dict[str, Any]:
    statistics = {"nReturned": returned, "totalDocsExamined": examined}
    return {
        "queryPlanner": {"winningPlan": plan, "rejectedPlans": [{"stage": "COLLSCAN"}]},
        "executionStats": statistics,
    }


FETCH = {"stage": "FETCH", "inputStage": {"stage": "IXSCAN", "indexName": "by_email"}}
ANSWERS = {
    "a find by an index": (answer(FETCH, 3, 3), {"FETCH", "IXSCAN"}, 3),
    "a find by _id": (answer({"stage": "IDHACK"}, 1, 1), {"IDHACK"}, 1),
    "an express plan of 8.0": (answer({"stage": "EXPRESS_IXSCAN"}, 1, 1), {"EXPRESS_IXSCAN"}, 1),
    "a slot-based plan": (
        answer({"isCached": False, "queryPlan": {"stage": "GROUP", "inputStage": {"stage": "COLLSCAN"}}}, 9, 1),
        {"GROUP", "COLLSCAN"},
        9,
    ),
    "a pipeline": (
        {"stages": [{"$cursor": answer(FETCH, 4, 4)}, {"$lookup": {}, "totalDocsExamined": 2}, {"$sort": {}}]},
        {"FETCH", "IXSCAN", "$sort"},
        4,
    ),
}


class TestRead:
    @pytest.mark.parametrize("what", ANSWERS)
    def test_of_each_kind_of_answer(self, what: str) -> None:
        explained, stages, examined = ANSWERS[what]
        plan = plans.read(explained)
        assert (plan.stages, plan.examined) == (stages, examined)


def read(condition: dict[str, Any], *stages: dict[str, Any]) -> Statement:
    return Statement("read", "customer", [{"$match": condition}, *stages])


BY_INDEX, WHOLE = Plan(frozenset({"FETCH", "IXSCAN"}), 5, 5), Plan(frozenset({"COLLSCAN"}), 5, 5)


class TestSurprise:
    @pytest.mark.parametrize(
        ("statement", "plan", "told"),
        [
            (read({"email": "a"}), BY_INDEX, ""),
            (read({"email": "a"}), WHOLE, "reads the whole collection, where an index is assumed"),
            (read({"name": "a"}), WHOLE, ""),
            (read({"name": "a"}), BY_INDEX, "uses an index, where reading the whole collection is assumed"),
            (read({"_id": "a"}), Plan(frozenset({"EXPRESS_IXSCAN"}), 1, 1), ""),
            (read({"email": "a"}), Plan(BY_INDEX.stages, 500, 2), "examines 500 documents to find 2"),
            (
                read({"email": {"$gt": "a"}}, {"$sort": {"email": 1}}),
                Plan(frozenset({"SORT", "IXSCAN"}), 2, 2),
                "sorts in memory, where an index's order is assumed",
            ),
            (read({"email": {"$gt": "a"}}, {"$sort": {"name": 1}}), Plan(frozenset({"SORT", "IXSCAN"}), 2, 2), ""),
        ],
    )
    def test_is_a_plan_that_is_not_assumed(self, statement: Statement, plan: Plan, told: str) -> None:
        assert plans.surprise(statement, BY_EMAIL, plan) == told


@pytest.mark.django_db(transaction=True)
@pytest.mark.only_on("mongodb")
@pytest.mark.needs_server("asks how a query is planned")
class TestServer:
    def test_explains_each_kind_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        parameters = connection.get_connection_params()
        parameters.pop("name", None)
        with MongoClient(**parameters) as client:
            monkeypatch.setattr(recorder, "client", client)
            monkeypatch.setattr(recorder, "seen", {})
            monkeypatch.setattr(recorder, "surprises", [])
            monkeypatch.setattr(recorder.indexes, "of", lambda *_: [Index((("name", 1),))])
            for name in ("Eve", "Adam"):
                list(Customer.objects.filter(name=name).order_by())
            shape = 'read subscriptions_customer [{"$match": {"name": "?"}}]'
            assert recorder.surprises == [f"reads the whole collection, where an index is assumed:\n    {shape}"]

    def test_that_gives_none_says_why(self) -> None:
        parameters = connection.get_connection_params()
        parameters.pop("name", None)
        with MongoClient(**parameters) as client:
            pass
        told = plans.explain(client, connection.settings_dict["NAME"], read({}))
        assert isinstance(told, str)
        assert told.startswith("InvalidOperation: ")
