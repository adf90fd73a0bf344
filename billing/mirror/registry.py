"""The kinds of mirrored rows: for each kind of Stripe object, all that the mirror has to know about it.

Each app registers its kinds in its `mirror/kinds.py`. What an event is about, which ids are possible, what erasing a
person removes, and what the tests must cover are derived from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.db.models import Model

from billing.gateway.snapshots import JSON, Event, Snapshot
from billing.models import MirroredRow

Row = TypeVar("Row", bound=MirroredRow)


@dataclass(frozen=True)
class Kind(Generic[Row]):
    """One kind of Stripe object and the rows that mirror it.

    `object_name` and `id_prefix` are Stripe's; `event_prefix` is what its event types begin with, if not its name.
    `has_chosen_ids` says whether people may give these objects any id of their own.
    `customer_in_payload` is the field of an object that names its customer, `customer_on_row` the look-up that finds a
    customer's rows; both are empty for kinds that belong to nobody.
    `lists` names the lists inside an object that its columns are read from: Stripe shows ten members of each.
    `not_in_events` names columns that only a fetch shows: another value of these was missed by no event.
    `may_create` says whether an object that has no row yet gets one. `extra_columns` computes columns of our own from
    the row before and after a write, and they are written in the same step. `after_write` is given the written row; a
    crash may prevent the call.
    """

    object_name: str
    id_prefix: str
    model: type[Row]
    columns: Callable[[JSON], dict[str, Any]]
    fetch: Callable[[str], Snapshot]
    event_prefix: str = ""
    has_chosen_ids: bool = False
    customer_in_payload: str = ""
    customer_on_row: str = ""
    lists: tuple[str, ...] = ()
    not_in_events: frozenset[str] = frozenset()
    primary_key: Callable[[JSON], Any] = lambda obj: obj["id"]
    may_create: Callable[[JSON], bool] = lambda _: True
    extra_columns: Callable[[Row | None, Row], dict[str, Any]] = lambda *_: {}
    after_write: Callable[[Row], None] = lambda _: None


_kinds: dict[str, Kind[Any]] = {}


def register(kind: Kind[Row]) -> Kind[Row]:
    """Make a kind known; raises ValueError when there is one for these objects already."""
    if kind.object_name in _kinds:
        raise ValueError(f"{kind.object_name} is registered twice")
    _kinds[kind.object_name] = kind
    longer_prefixes.cache_clear()
    kind_of_model.cache_clear()
    return kind


def all_kinds() -> tuple[Kind[Any], ...]:
    """Every kind, in the order of registration: what others belong to comes first."""
    return tuple(_kinds.values())


def kind_of_event(event: Event) -> Kind[Any]:
    """Return the kind of object that an event is about: a thin event names it, of others the type says it.

    Raises LookupError for an object of no kind.
    """
    return kind_named(event.object["object"]) if event.is_thin else kind_of_event_type(event.type)


def kind_of_event_type(event_type: str) -> Kind[Any]:
    """Return the kind of object that events of this type are about; raises LookupError for a type of no kind."""
    prefixes = {kind.event_prefix or f"{kind.object_name}.": kind for kind in _kinds.values()}
    # "customer.subscription.deleted" begins with "customer." as well.
    matching = [prefix for prefix in prefixes if event_type.startswith(prefix)]
    if not matching:
        raise LookupError(f"no kind of object has events of type {event_type}")
    return prefixes[max(matching, key=len)]


def kind_named(object_name: str) -> Kind[Any]:
    """Return the kind of the objects that Stripe names so; raises LookupError if they are not mirrored."""
    return _kinds[object_name]


def kind_of_id(stripe_id: str) -> Kind[Any] | None:
    """Return the kind that an id's prefix stands for; None for an id that somebody chose."""
    matching = [kind for kind in _kinds.values() if stripe_id.startswith(kind.id_prefix)]
    return max(matching, key=lambda kind: len(kind.id_prefix), default=None)


@cache
def kind_of_model(model: type[Model]) -> Kind[Any]:
    return next(kind for kind in _kinds.values() if kind.model is model)


@cache
def longer_prefixes(id_prefix: str) -> tuple[str, ...]:
    """Return the other kinds' prefixes that begin with this one: "sub_sched_" for "sub_"."""
    prefixes = {kind.id_prefix for kind in _kinds.values()} - {id_prefix}
    return tuple(prefix for prefix in prefixes if prefix.startswith(id_prefix))
