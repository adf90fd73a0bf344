"""The members that Stripe's example of each kind of object has: `shared/stripe/fixtures3.json` beside the project."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from stripe._object_classes import get_object_class

from sandbox.http.contract import shapes
from tests.sandbox.recorded.recording import FILE

EXAMPLES = FILE.with_name("fixtures3.json")

# Members that only some objects of the kind have, though the example has them.
NOT_ALWAYS = {
    "charge.payment_method_details.card": "Only charges of cards have it.",
    "charge.refunds": "It is shown if `expand` asks for it.",
    "credit_note_line_item.invoice_line_item": "Only lines that credit an invoice's line have it.",
    "invoiceitem.net_amount": "Only items that are not discountable have it.",
    "line_item.subscription": "The recorded answers never have it; `parent` names the subscription.",
    "payment_method.card": "Only cards have it.",
    "refund.destination_details.card": "Only refunds to cards have it.",
    "subscription_item.quantity": "Metered items have none.",
}


@cache
def examples() -> dict[str, dict[str, Any]]:
    """Return an example of each kind of object; none if the file is absent."""
    found: dict[str, dict[str, Any]] = (
        json.loads(EXAMPLES.read_text("utf-8"))["resources"] if EXAMPLES.exists() else {}
    )
    return found


def lacking(obj: dict[str, Any]) -> set[str]:
    """Return the paths of members that the example of the object's kind has and the object lacks.

    What the SDK does not declare is left out: Stripe removed it.
    """
    kind = obj["object"]
    return set(_lacking(get_object_class("V1", kind), examples().get(kind, {}), obj, kind))


def _lacking(cls: type, example: dict[str, Any], obj: dict[str, Any], path: str) -> Iterator[str]:
    declared = shapes.fields(cls)
    for name, value in example.items():
        inner = declared[name].members if name in declared else None
        if name in declared and name not in obj:
            yield f"{path}.{name}"
        elif inner and isinstance(value, dict) and isinstance(obj[name], dict):
            yield from _lacking(inner, value, obj[name], f"{path}.{name}")
