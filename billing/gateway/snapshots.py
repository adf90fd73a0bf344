"""States of Stripe objects and when they were true: Snapshot, Page (fetched) and Event (sent to us)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self

import orjson

from billing.errors import StripeUnavailable

JSON = dict[str, Any]

ONE_SECOND = timedelta(seconds=1)

# What a thin event calls itself.
THIN_EVENT = "v2.core.event"


def read_json(text: str | bytes) -> Any:
    """Parse JSON. Raises ValueError."""
    try:
        return orjson.loads(text)
    except ValueError:
        # orjson refuses half a surrogate pair, which people can type.
        return json.loads(text)


def moment(unix: int | None) -> datetime | None:
    """A Stripe timestamp (Unix seconds) as a datetime in UTC."""
    if unix is None:
        return None
    if type(unix) is not int:  # A bool is an int too.
        raise TypeError(f"{unix!r} is not a number of seconds")
    return datetime.fromtimestamp(unix, UTC)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An object as it was at some moment between `known_from` and `known_until`, both on Stripe's clock."""

    object: JSON
    known_from: datetime
    known_until: datetime
    is_replay: bool = False

    @classmethod
    def fetched(cls, obj: JSON, *, date: datetime, took: timedelta) -> Self:
        """The object of an answer: Stripe read it after we sent the request and before it set the `Date` header.

        `Date` has whole seconds, so it can be up to a second early.
        """
        earliest = date - took - ONE_SECOND
        # MongoDB keeps milliseconds; rounding down keeps the interval on the safe side.
        return cls(obj, earliest.replace(microsecond=earliest.microsecond // 1000 * 1000), date)

    @classmethod
    def replayed(cls, obj: JSON, *, date: datetime) -> Self:
        """The object of an answer that Stripe stored for an idempotency key: it can be as old as the object."""
        return cls(obj, datetime.fromtimestamp(obj["created"], UTC), date, is_replay=True)

    @property
    def id(self) -> str:
        return str(self.object["id"])

    @property
    def is_deletion(self) -> bool:
        return bool(self.object.get("deleted"))

    def part(self, obj: JSON) -> "Snapshot":
        """An object nested in this one, read at the same moment."""
        return Snapshot(obj, self.known_from, self.known_until)


class Page:
    """One page of a list as plain JSON, and when it was read.

    It is parsed on first use and not in the thread that fetched it: an unparsed page takes less memory while it
    waits. `objects`, `has_more` and `snapshots` raise StripeUnavailable if the body can't be read.
    """

    def __init__(self, body: str | bytes, known_from: datetime, known_until: datetime) -> None:
        self._body = body
        self.known_from = known_from
        self.known_until = known_until

    @cached_property
    def _content(self) -> tuple[list[JSON], bool]:
        try:
            content = read_json(self._body)
            self._body = ""
            return content["data"], content["has_more"]
        except (ValueError, TypeError, KeyError) as error:
            raise StripeUnavailable("The answer can't be read: it is not a list.") from error

    @property
    def objects(self) -> list[JSON]:
        return self._content[0]

    @property
    def has_more(self) -> bool:
        return self._content[1]

    @property
    def positions(self) -> list[JSON]:
        """The objects after which the list can be continued: those with an id and the time of their creation.

        Raises StripeUnavailable if there is more, and no such object.
        """
        found = [obj for obj in self.objects if _is_position(obj)]
        if self.has_more and self.objects and not found:
            raise StripeUnavailable("The answer can't be read: no object on this page has an id and a time.")
        return found

    def snapshots(self) -> Iterator[Snapshot]:
        return (Snapshot(obj, self.known_from, self.known_until) for obj in self.objects)


def _is_position(obj: JSON) -> bool:
    try:
        return isinstance(obj["id"], str) and moment(obj["created"]) is not None
    except (ArithmeticError, LookupError, OSError, TypeError, ValueError):
        return False


@dataclass(frozen=True, slots=True)
class Event:
    """An event, which has its object's state at one second (https://docs.stripe.com/api/events/object).

    `account` is the connected account that it comes from, empty for our own; `is_live` is its mode, None if it does
    not say. A thin event (https://docs.stripe.com/event-destinations) only names its object: `fetched` is the state
    that was fetched for it.
    """

    id: str
    type: str
    created_at: datetime
    api_version: str
    object: JSON
    account: str = ""
    is_live: bool | None = None
    is_thin: bool = False
    fetched: Snapshot | None = None

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> Self:
        """Read a parsed event. Raises ValueError that names the missing or malformed field."""
        try:
            if payload.get("object") == THIN_EVENT:
                return cls._from_notification(payload)
            return cls(
                id=_text(payload, "id"),
                type=_text(payload, "type"),
                created_at=_given(moment(payload["created"])),
                api_version=_text(payload, "api_version") if payload.get("api_version") else "",
                object=_object(payload["data"]),
                account=_text(payload, "account") if payload.get("account") else "",
                is_live=_switch(payload.get("livemode")),
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError) as error:
            raise ValueError(f"not a Stripe event: {error!r}") from error

    @classmethod
    def _from_notification(cls, payload: Mapping[str, Any]) -> Self:
        related = payload.get("related_object") or {}
        return cls(
            id=_text(payload, "id"),
            # Those about objects of the first API have its types, with a prefix.
            type=_text(payload, "type").removeprefix("v1."),
            created_at=_iso_moment(_text(payload, "created")),
            api_version="",
            object={"object": _text(related, "type"), "id": _text(related, "id")} if related else {},
            account=_text(payload, "context") if payload.get("context") else "",
            is_live=_switch(payload.get("livemode")),
            is_thin=True,
        )

    @property
    def snapshot(self) -> Snapshot:
        if self.fetched is not None:
            return self.fetched
        # "customer.subscription.deleted" means canceled; every other ".deleted" event means the object is deleted.
        gone = self.type.endswith(".deleted") and self.object.get("object") != "subscription"
        obj = {**self.object, "deleted": True} if gone else self.object
        return Snapshot(obj, self.created_at, self.created_at)


def _text(payload: Mapping[str, Any], field: str) -> str:
    value = payload[field]
    # Neither NUL nor half a character is printable.
    if not isinstance(value, str) or not 0 < len(value) <= 255 or not value.isprintable():  # noqa: PLR2004
        raise ValueError(f"{field} is not a short text")
    return value


def _given(value: datetime | None) -> datetime:
    if value is None:
        raise TypeError("created is null")
    return value


def _iso_moment(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("created has no time zone")
    return value.astimezone(UTC)


def _switch(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _object(content: Mapping[str, Any]) -> JSON:
    value = content["object"]
    if not isinstance(value, dict):
        raise TypeError("data.object is not an object")
    return value
