"""The fields that each kind of object can be searched by, with their types.

A number is compared. A token is matched whole, a text whole or in part; both without regard to case.
"""

from dataclasses import dataclass
from typing import Any, Literal

from sandbox.core.store import Object

Type = Literal["number", "token", "text"]


@dataclass(frozen=True)
class Field:
    """A field of a query: its type, and the path of its value."""

    type: Type
    path: tuple[str, ...]

    def value(self, obj: Object) -> str | int | None:
        """Return the object's value, None if it has none."""
        value: Any = obj
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return str(value).lower() if isinstance(value, bool) else value


def _fields(*, numbers: str = "", tokens: str = "", texts: str = "") -> dict[str, Field]:
    given: tuple[tuple[Type, str], ...] = (("number", numbers), ("token", tokens), ("text", texts))
    return {name: Field(each, tuple(name.split("."))) for each, names in given for name in names.split()}


_CARD = "payment_method_details.card"

FIELDS: dict[str, dict[str, Field]] = {
    "charge": _fields(
        numbers=f"amount created {_CARD}.exp_month {_CARD}.exp_year",
        tokens="billing_details.address.postal_code currency customer disputed refunded status "
        f"{_CARD}.brand {_CARD}.fingerprint {_CARD}.last4",
    ),
    "customer": _fields(numbers="created", texts="email name phone"),
    "invoice": {
        **_fields(numbers="created total", tokens="currency customer status", texts="number receipt_number"),
        "last_finalization_error_code": Field("token", ("last_finalization_error", "code")),
        "last_finalization_error_type": Field("token", ("last_finalization_error", "type")),
        "subscription": Field("token", ("parent", "subscription_details", "subscription")),
    },
    "payment_intent": _fields(numbers="amount created", tokens="currency customer status"),
    "price": _fields(tokens="active currency lookup_key product type"),
    "product": _fields(tokens="active shippable", texts="description name url"),
    "subscription": _fields(numbers="canceled_at created", tokens="status"),
}
