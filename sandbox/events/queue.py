"""The queue of webhook deliveries, kept in the store; deliveries.py sends them."""

from sandbox.core import ids
from sandbox.core.store import Object, Store
from sandbox.events import webhook_settings

KIND = "_delivery"


def enqueue(store: Store, event: Object) -> int:
    """Queue the event for its endpoints, as the webhook settings say; return the number of endpoints."""
    wanting = [endpoint for endpoint in store.few("webhook_endpoint") if wants(endpoint, event["type"])]
    if not wanting:
        return 0
    setting = webhook_settings.read(store)
    if setting["mode"] != "drop":
        state = "held" if setting["mode"] == "hold" else "waiting"
        for endpoint in wanting:
            for copy in range(1 + setting["duplicate"]):
                delivery = {
                    "id": ids.new(KIND),
                    "object": KIND,
                    "created": event["created"],
                    "event": event["id"],
                    "endpoint": endpoint["id"],
                    "state": state,
                    "attempts": 0,
                    "not_before": 0,
                    "is_copy": copy > 0,
                }
                store.add(delivery, slot=webhook_settings.shuffled_slot(store))
    return len(wanting)


def wants(endpoint: Object, kind: str) -> bool:
    """Return whether the endpoint is enabled for events of this type."""
    chosen = endpoint["enabled_events"]
    return endpoint["status"] == "enabled" and ("*" in chosen or kind in chosen)
