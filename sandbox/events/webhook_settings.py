"""The switches for trouble that belong to no single call: how webhooks are sent, how slow answers are.

How webhooks are sent is kept with the account's state, because held deliveries are too; slowness ends with the
process.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.core.account import Account

SETTING = "webhooks"
DEFAULTS: dict[str, Any] = {"mode": "deliver", "duplicate": 0, "shuffle": False, "seed": 0}


@dataclass
class Slowness:
    """Real waiting: before a call is executed, and between what it read and the stamping of its `Date`."""

    latency_ms: int = 0
    date_delay: float = 0


def webhooks(account: "Account") -> dict[str, Any]:
    """Return mode (deliver, hold or drop), duplicate (extra copies of each), shuffle, and the shuffle's seed."""
    changed: dict[str, Any] = account.store.setting(SETTING, {})
    return DEFAULTS | changed


def set_webhooks(account: "Account", changes: dict[str, Any]) -> None:
    account.store.set(SETTING, webhooks(account) | changes)
