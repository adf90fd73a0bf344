"""The texts about a discount on the checkout page: its name, its terms, its amount, and the price when it ends."""

from dataclasses import dataclass
from datetime import UTC, datetime

from babel.dates import format_date

from sandbox.catalog.discounts import amounts_off
from sandbox.catalog.discounts import rules as discounts
from sandbox.core import money
from sandbox.core.account import Account
from sandbox.core.store import Object


@dataclass(frozen=True)
class DiscountText:
    """The texts about a session's discount; `is_removable` if the buyer typed its promotion code."""

    name: str
    terms: str
    amount: str
    is_removable: bool


def describe(account: Account, session: Object) -> DiscountText | None:
    """Return the texts about the session's discount, if it has one."""
    found = coupon(account, session)
    if found is None:
        return None
    code_id = session["discounts"][0]["promotion_code"]
    return DiscountText(
        name=account.find("promotion_code", code_id)["code"] if code_id else found["name"] or found["id"],
        terms=terms(found, is_recurring=session["mode"] == "subscription"),
        amount=money.shown(session["total_details"]["amount_discount"], session["currency"]),
        is_removable=bool(session["allow_promotion_codes"]),
    )


def coupon(account: Account, session: Object) -> Object | None:
    """Return the coupon of the session's discount; None without a discount, or if the coupon was deleted."""
    if not session["discounts"]:
        return None
    chosen = session["discounts"][0]
    coupon_id = chosen["coupon"]
    if chosen["promotion_code"]:
        coupon_id = account.find("promotion_code", chosen["promotion_code"])["promotion"]["coupon"]
    found = account.get("coupon", coupon_id)
    return found and amounts_off.in_currency(found, session["currency"])


def terms(coupon: Object, *, is_recurring: bool) -> str:
    """Return `50% off`, `$5.00 off the first payment` or `25.5% off for 3 months`."""
    percentage = coupon["percent_off"]
    amount = f"{percentage:g}%" if percentage is not None else money.shown(coupon["amount_off"], coupon["currency"])
    if not is_recurring or coupon["duration"] == "forever":
        return f"{amount} off"
    if coupon["duration"] == "once":
        return f"{amount} off the first payment"
    months = coupon["duration_in_months"]
    return f"{amount} off for {months} month{'s' if months > 1 else ''}"


@dataclass(frozen=True)
class RenewalPrices:
    """The price of a period as text, `$19.00 per month`, without and with the discount."""

    full: str
    reduced: str


def renewal_price(coupon: Object | None, rates: RenewalPrices, *, now: int, first: int, is_trial: bool) -> str:
    """Return the price of later periods; `first` is when the first payment after today is due."""
    if coupon is None:
        return rates.full
    if coupon["duration"] == "forever":
        return rates.reduced
    if coupon["duration"] == "once":
        return f"{rates.reduced} once, then {rates.full}" if is_trial else rates.full
    end = discounts.runs_until(coupon, start=now)
    if end is None or end <= first:
        return rates.full
    return f"{rates.reduced} until {day(end)}, then {rates.full}"


def day(moment: int) -> str:
    """Return the date as `January 29, 2027`."""
    return format_date(datetime.fromtimestamp(moment, UTC), "long", locale="en_US")
