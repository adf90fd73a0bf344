"""The account's balance, `/v1/balance`: totals of its balance transactions, kept up to date as they change."""

from sandbox.core.account import Account
from sandbox.core.store import Object

SETTING = "balance"
DEFAULT_CURRENCY = "usd"
STATUSES = ("available", "pending")

Totals = dict[str, dict[str, dict[str, int]]]  # By status, currency and type of source.


def add(account: Account, transaction: Object, status: str, *, sign: int = 1) -> None:
    """Add what a transaction moves to the total of its status; subtract it if `sign` is -1."""
    totals = _read(account)
    types = totals[status].setdefault(transaction["currency"], {})
    source_type = transaction.get("_source_type", "card")
    types[source_type] = types.get(source_type, 0) + sign * transaction["net"]
    account.store.save_setting(SETTING, totals)


def retrieve(account: Account) -> Object:
    totals = _read(account)
    return {"object": "balance", "livemode": False, **{status: _shown(totals[status]) for status in STATUSES}}


def _read(account: Account) -> Totals:
    totals: Totals = account.store.setting(SETTING, {})
    return {status: totals.get(status, {}) for status in STATUSES}


def _shown(by_currency: dict[str, dict[str, int]]) -> list[Object]:
    return [
        {"amount": sum(types.values()), "currency": currency, "source_types": types}
        for currency, types in sorted((by_currency or {DEFAULT_CURRENCY: {"card": 0}}).items())
    ]
