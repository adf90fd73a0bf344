"""Bundles: the events of one second, stored together, because their objects are mostly the same.

An object that occurs again is stored as its changes since the occurrence before.
"""

from typing import Any

Object = dict[str, Any]

LARGEST = 32
SINCE = "_since"  # The place in the bundle of the event with the same object.
GONE = "_gone"  # The members that the object had there and has no more.


def shrink(events: list[Object]) -> list[Object]:
    """Return the events with repeated objects replaced by their changes."""
    latest: dict[tuple[Any, Any], int] = {}
    shrunk = []
    for place, event in enumerate(events):
        content = _content(event)
        name = (content.get("object"), content.get("id"))
        if content and name in latest:
            changes = _changes(_content(events[latest[name]]), content, latest[name])
            shrunk.append(event | {"data": event["data"] | {"object": changes}})
        else:
            shrunk.append(event)
        latest[name] = place
    return shrunk


def grow(shrunk: list[Object]) -> list[Object]:
    """Return the events that `shrink` was given."""
    events: list[Object] = []
    for event in shrunk:
        content = _content(event)
        if SINCE in content:
            whole = dict(_content(events[content[SINCE]]))
            for name in content[GONE]:
                del whole[name]
            whole |= {name: value for name, value in content.items() if name not in {SINCE, GONE}}
            events.append(event | {"data": event["data"] | {"object": whole}})
        else:
            events.append(event)
    return events


def _content(event: Object) -> Object:
    content: Object = event.get("data", {}).get("object", {})
    return content


def _changes(before: Object, after: Object, place: int) -> Object:
    changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
    return changed | {SINCE: place, GONE: [name for name in before if name not in after]}
