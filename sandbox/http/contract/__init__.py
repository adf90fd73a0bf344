"""The contract with Stripe, taken from the pinned SDK's own types: what may be asked, and what an answer looks like.

It says what is well-formed; what Stripe does with it (states, amounts, order of events) is in each noun's rules.
"""

from sandbox.http.contract.answers import check, violations
from sandbox.http.contract.operations import Operation, operation, operations
from sandbox.http.contract.requests import coerce

__all__ = ["Operation", "check", "coerce", "operation", "operations", "violations"]
