"""What a subscription costs, in words: "$9.50 per month, 50% off until 3 May 2027; $19.00 after"."""

from django.utils.dateformat import format as format_date

from billing import money
from subscriptions.models import Subscription
from subscriptions.plans import amounts
from subscriptions.plans.amounts import Amount, Discount, Interval


def of(subscription: Subscription) -> str:
    """Return what a subscription costs now, and after its discounts; of a trial, what it costs afterwards."""
    return describe(amounts.of(subscription), seats=seats_of(subscription))


def together(subscription: Subscription) -> str:
    """Return what a subscription's items cost together: "$25.00 per month"; empty if there is nothing to add up."""
    cost = amounts.of(subscription)
    return describe(cost) if 0 < len(cost.charges) < len(subscription.items) else ""


def describe(amount: Amount, *, seats: str = "") -> str:
    """Return an amount in words, which follow "you pay"; `seats` is how many there are, and what one costs."""
    figures = " and ".join(
        f"{money.display(charge.amount, amount.currency)} {per(charge.interval)}" for charge in amount.charges
    )
    on_top = _on_top(amount, has_figures=bool(figures)) + (" plus tax" if amount.is_taxed else "")
    said = ", ".join(filter(None, [figures + on_top, seats]))
    if not amount.discounts:
        return said
    if not amount.is_discounted:
        # Without a figure, the words name the amount on the invoice, in which the discount is already counted.
        return f"{said}, {'before' if figures else 'with'} your discount{_in_brackets(amount.discounts)}"
    said += f", {discounts_in_words(amount)}"
    if any(charge.after != charge.amount for charge in amount.charges):
        after = " and ".join(money.display(charge.after, amount.currency) for charge in amount.charges)
        said += f"; {after}{' plus tax' if amount.is_taxed else ''} after"
    return said


def discounts_in_words(amount: Amount) -> str:
    """Return the discounts: "50% off until 3 May 2027 and $5.00 off"; empty without any."""
    return " and ".join(_words(discount) for discount in amount.discounts)


def per(interval: Interval) -> str:
    name, count = interval
    return f"per {name}" if count == 1 else f"every {count} {name}s"


def _words(discount: Discount) -> str:
    if discount.percent_off is not None:
        off = f"{discount.percent_off:g}% off"
    elif discount.amount_off is not None:
        off = f"{money.display(discount.amount_off, discount.currency)} off"
    else:
        return "a discount"
    if discount.item_id or discount.products is not None:
        off += " a part of it"
    if discount.is_once:
        return f"{off} the next payment" if "part" not in off else f"{off}, once"
    return f"{off} until {format_date(discount.ends_at, 'j F Y')}" if discount.ends_at else off


def _in_brackets(discounts: list[Discount]) -> str:
    known = " and ".join(_words(one) for one in discounts if one.is_known)
    return f" ({known})" if known else ""


def _on_top(amount: Amount, *, has_figures: bool) -> str:
    if amount.is_metered:
        return " plus what you use" if has_figures else "what your use costs"
    if amount.has_unknown:
        return " plus what Stripe computes for the rest" if has_figures else "the amount on your invoice"
    return ""


def seats_of(subscription: Subscription) -> str:
    """Return quantity and price of a subscription of one item whose amount is a simple multiple."""
    if len(subscription.items) != 1 or subscription.quantity < 2:  # noqa: PLR2004
        return ""
    (item,) = subscription.items
    is_plain = item.get("unit_amount") is not None and not item.get("package") and not item.get("is_tiered")
    if not is_plain or item.get("is_metered") or item.get("currency") not in {None, subscription.currency}:
        return ""
    return money.display_times(subscription.quantity, item["unit_amount"], subscription.currency)
