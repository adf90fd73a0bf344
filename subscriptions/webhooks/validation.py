"""Whether a signed event can be kept and worked at all. What can't is refused at the door, and leaves nothing behind.

Stripe sends no such event; whoever holds a signing secret, or a proxy that mangles bodies, might.
"""

import math
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from django.db import models

from billing import gateway
from billing.gateway.snapshots import JSON, Event, moment
from billing.mirror.engine import Kind
from billing.mirror.kinds import PRICE, PRODUCT, PROMOTION_CODE
from billing.models import LooseLink
from subscriptions.mirror import kinds, mapping

# What a database can keep: MongoDB nests no deeper than a hundred levels and counts to 64 bits.
DEEPEST = 50
LARGEST = 2**63

HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")

# Each kind of object by the name that Stripe gives it, and what its ids begin with.
KINDS: Final[dict[str, tuple[Kind[Any], str]]] = {
    "product": (PRODUCT, "prod_"),
    "price": (PRICE, "price_"),
    "promotion_code": (PROMOTION_CODE, "promo_"),
    "customer": (kinds.CUSTOMER, "cus_"),
    "checkout.session": (kinds.SESSION, "cs_"),
    "subscription": (kinds.SUBSCRIPTION, "sub_"),
    "subscription_schedule": (kinds.SCHEDULE, "sub_sched_"),
    "payment_intent": (kinds.PAYMENT, "pi_"),
    "invoice": (kinds.INVOICE, "in_"),
    "refund": (kinds.REFUND, "re_"),
}
MODELS: Final[dict[type[models.Model], str]] = {kind.model: name for name, (kind, _) in KINDS.items()}
PYTHON_TYPES: Final[tuple[tuple[Any, type], ...]] = (
    (models.CharField, str),
    (models.TextField, str),
    (models.BooleanField, bool),
    (models.IntegerField, int),
    (models.DateTimeField, datetime),
)


class InvalidEvent(Exception):
    """The event can't be kept, or what it is about is not an object of that kind."""


def check(event: Event, payload: JSON, *, about: str) -> None:
    """Raise Illegible for an event that can't be kept or whose object is not what `about` names."""
    if not _can_be_kept(payload):
        raise InvalidEvent("it holds what no database keeps")
    obj = event.object
    if obj.get("object") != about or not _is_id(obj.get("id"), about):
        raise InvalidEvent(f"its object is not a {about}")
    # An object of another version may have another shape; it is fetched and not read.
    if event.api_version != gateway.API_VERSION or not _is_ours(about, obj):
        return
    try:
        columns = {**_columns(about, obj), "stripe_created_at": moment(obj["created"])}
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        raise InvalidEvent(f"its {about} can't be read: {error!r}") from error
    model = KINDS[about][0].model
    for name, value in columns.items():
        if not _fits(model._meta.get_field(name), value):
            raise InvalidEvent(f"the {name} of its {about} is none")


def _is_ours(about: str, obj: JSON) -> bool:
    """Of sessions and payments only our own are read, by their metadata."""
    return about not in {"checkout.session", "payment_intent"} or mapping.claim_of(obj) is not None


def _columns(about: str, obj: JSON) -> dict[str, Any]:
    if about == "checkout.session" and mapping.is_free_order(obj):
        return {**mapping.free_order_columns(obj), **mapping.session_columns(obj)}
    return KINDS[about][0].columns(obj)


def _is_id(value: object, about: str) -> bool:
    """Products and prices may have ids of people's own choice, but no other object's."""
    if not isinstance(value, str) or not 0 < len(value) <= 255:  # noqa: PLR2004  (Stripe's ids fit)
        return False
    named = [name for name, (_, prefix) in KINDS.items() if value.startswith(prefix)]
    # "sub_sched_" begins with "sub_" as well.
    return not named or about == max(named, key=lambda name: len(KINDS[name][1]))


def _fits(field: Any, value: object) -> bool:
    if value is None:
        return bool(field.null)
    if isinstance(field, LooseLink):
        return _is_id(value, MODELS[field.related_model])
    if isinstance(field, models.JSONField):
        return isinstance(value, type(field.get_default()))
    for kind, python_type in PYTHON_TYPES:
        if isinstance(field, kind):
            is_type = isinstance(value, python_type) and (python_type is bool or not isinstance(value, bool))
            return is_type and _is_within(field, value)
    return True


def _is_within(field: Any, value: Any) -> bool:
    if isinstance(value, str):
        return field.max_length is None or len(value) <= field.max_length
    if isinstance(field, models.BigIntegerField):
        return bool(-LARGEST <= value < LARGEST)
    if isinstance(field, models.PositiveIntegerField):
        return bool(0 <= value < 2**31)
    return True


def _can_be_kept(payload: JSON) -> bool:
    level: list[object] = [payload]
    for _ in range(DEEPEST):
        if not level:
            return True
        if not all(map(_is_storable, level)):
            return False
        level = [member for value in level for member in _members(value)]
    return False


def _members(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    return value if isinstance(value, list) else ()


def _is_storable(value: object) -> bool:
    match value:
        case str():
            # Half a surrogate pair is no character.
            return "\0" not in value and not HALF_A_CHARACTER.search(value)
        case float():
            return math.isfinite(value)
        case int():
            return -LARGEST <= value < LARGEST
    return True
