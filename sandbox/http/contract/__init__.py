"""Checks of requests and answers against the types of the installed SDK.

They cover names, types and enum values. Stripe's behaviour (states, amounts, order of events) is in each noun's rules.
"""

from sandbox.http.contract.answers import check, violations
from sandbox.http.contract.operations import Operation, operation, operations
from sandbox.http.contract.requests import coerce
from sandbox.http.contract.shapes import event_types

__all__ = ["Operation", "check", "coerce", "event_types", "operation", "operations", "violations"]
