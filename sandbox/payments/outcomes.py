"""Tell other packages how a payment ended that they did not collect themselves.

An invoice or a checkout session that collects a payment knows its result. It does not know of a payment that the API
confirms, or that ends days later; for those it registers a listener here, because `payments` can't import it.
"""

from collections.abc import Callable

from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.payments.cards import Decline

# Called with a payment or setup intent and its decline, None if it succeeded.
Listener = Callable[[Account, Object, Decline | None], None]
_LISTENERS: list[Listener] = []


def listen(*listeners: Listener) -> None:
    """Register functions to be called for each outcome, in this order."""
    _LISTENERS.extend(listeners)


def tell(account: Account, intent: Object, decline: Decline | None) -> None:
    """Call the listeners."""
    for listener in _LISTENERS:
        listener(account, intent, decline)
