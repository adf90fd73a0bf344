"""Call every operation of the sandbox through the real SDK: no answer may break Stripe's contract."""

import re

import pytest

from sandbox import api
from sandbox.core.kinds import KINDS
from sandbox.core.visibility import public
from sandbox.http import contract
from tests.sandbox.every_operation import calls
from tests.sandbox.recorded import members, recording


def supported():
    """Return "METHOD template" for every operation of the sandbox, with Stripe's path templates."""
    for method, rule, _function in api.routes():
        operation = contract.operation(method, re.sub(r"<\w+>", "x", rule))
        assert operation is not None, f"Stripe has no {method} {rule}"
        yield f"{method} {operation.template}"


class TestWalk:
    @pytest.fixture
    def recorded(self, sandbox):
        """The types of all events; the state keeps only those of the last 30 days."""
        types, record = set(), sandbox.account._record
        sandbox.account._record = lambda account, kind, *rest: types.add(kind) or record(account, kind, *rest)
        return types

    @pytest.fixture
    def walked(self, recorded, sandbox, api, control):
        calls.make(sandbox, api, control)

    def test_calls_every_operation_without_a_contract_violation(self, walked, sandbox):
        assert set(sandbox.calls) == set(supported())
        assert sandbox.violations == []

    @pytest.mark.optional(bool(members.examples()))
    def test_has_the_members_that_stripe_s_objects_have(self, walked, sandbox):
        kinds = [kind.name for kind in KINDS.values() if kind.is_stored and kind.name in members.examples()]
        stored = [public(obj) for kind in kinds for obj in sandbox.account.store.scan(kind)]
        present = [obj for obj in recording.objects(stored) if obj["object"] != "event" and not obj.get("deleted")]

        assert set().union(*map(members.lacking, present)) == set(members.NOT_ALWAYS)

    def test_records_events_for_every_kind_of_change(self, walked, recorded):
        assert {kind.rsplit(".", 1)[0] for kind in recorded} >= {
            "billing_portal.configuration",
            "billing_portal.session",
            "charge",
            "charge.dispute",
            "charge.refund",
            "checkout.session",
            "coupon",
            "customer",
            "customer.subscription",
            "invoice",
            "invoice_payment",
            "payment_intent",
            "payment_method",
            "plan",
            "price",
            "product",
            "promotion_code",
            "refund",
            "setup_intent",
        }
