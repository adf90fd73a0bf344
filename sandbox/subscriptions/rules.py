"""Start a subscription, pay its first invoice, end it. Renewals, trial ends and retries are in renewals.py."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.discounts.redeeming import Redemption
from sandbox.catalog.orders import Order
from sandbox.catalog.shapes import plan
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.invoices import lines, prorations, saved_methods, subscription_state
from sandbox.invoices import rules as invoices
from sandbox.invoices.sending import rules as sending
from sandbox.payments.cards import Decline
from sandbox.subscriptions import scheduled_ends, shapes
from sandbox.subscriptions.schedules import ending as schedule_ending
from sandbox.subscriptions.starting import first_periods, pending_setup
from sandbox.subscriptions.starting.first_periods import Start

CREATED = "customer.subscription.created"
NO_REASON = {"comment": None, "feedback": None, "feedback_option": None, "reason": None}


@dataclass(frozen=True)
class NewSubscription:
    """The customer, orders, trial and discounts of a new subscription; `members` holds its other JSON members.

    `end` has its `cancel_at` or `cancel_at_period_end`.
    """

    customer: Object
    recurring: list[Order]
    one_time: list[Order] = field(default_factory=list)
    trial_end: int | None = None
    members: dict[str, Any] = field(default_factory=dict)
    redemptions: list[Redemption] = field(default_factory=list)
    start: Start = field(default_factory=Start)
    asks_setup: bool = False  # Whether it gets a setup intent if there is nothing to pay.
    method: Object | None = None
    end: dict[str, Any] = field(default_factory=dict)
    is_scheduled: bool = False  # Then it is active although its first invoice is not paid yet.

    @property
    def currency(self) -> str:
        return self.recurring[0].currency or str(self.recurring[0].price["currency"])


def start(account: Account, order: NewSubscription) -> tuple[Object, Object | None]:
    """Create the subscription and its first invoice as a draft; return both.

    There is no invoice if it would have no lines: if all items are metered, in flexible mode.

    The status is "trialing" with a trial, "active" if nothing is due or `collection_method` is "send_invoice", and
    otherwise "incomplete" until the first invoice is paid.
    """
    subscription = shapes.subscription(
        customer=order.customer["id"],
        currency=order.currency,
        created=account.now,
        items=[_item(account, each, order) for each in order.recurring],
    )
    subscription |= order.members
    subscription["billing_mode"] = subscription["billing_mode"] | {"updated_at": account.now}
    subscription |= order.start.members(now=account.now)
    if order.trial_end is not None:
        subscription |= {"trial_start": account.now, "trial_end": order.trial_end}
        subscription["billing_cycle_anchor"] = order.trial_end
    _schedule_end(account, subscription, order)
    account.add(subscription)
    subscription["discounts"] = [
        discounts.add_to_subscription(account, each, subscription) for each in order.redemptions
    ]
    invoice = _first_invoice(account, subscription, order)
    status = _first_status(subscription, invoice, order)
    latest = invoice["id"] if invoice else None
    changes = {"latest_invoice": latest, "status": status}
    if order.asks_setup and not (invoice and invoice["amount_due"]):
        changes |= pending_setup.create(account, subscription, order.method)
    subscription_state.save(account, subscription, changes)
    account.emit(CREATED, subscription)
    if order.trial_end is not None and order.trial_end - account.now < subscription_state.NOTICE_BEFORE_TRIAL_END:
        account.emit("customer.subscription.trial_will_end", subscription)
    return subscription, invoice


def pay_first_invoice(
    account: Account,
    subscription: Object,
    invoice: Object,
    method: Object | None,
    *,
    on_session: bool,
    is_away: bool = False,
) -> Decline | None:
    """Finalize the first invoice and collect it; return the decline, if any. Payment makes the subscription active."""
    invoices.finalize(account, invoice)
    if subscription["collection_method"] == "send_invoice" and invoice["amount_due"]:
        sending.send(account, invoice)
        return None
    decline = invoices.collect(account, invoice, method, on_session=on_session, is_away=is_away)
    if decline is None:
        subscription_state.activate(account, subscription)
        saved_methods.keep(account, subscription, invoice)
    return decline


def end(account: Account, subscription: Object, *, details: dict[str, Any], deletes_prorations: bool = True) -> None:
    """Cancel now. Stops collecting open invoices, and deletes pending prorations if `deletes_prorations`."""
    changes = {
        "canceled_at": subscription["canceled_at"] or account.now,
        "cancellation_details": subscription["cancellation_details"] | details,
        "_update": None,
        "ended_at": account.now,
        "pending_update": None,
        "status": "canceled",
        "status_details": None,
    }
    subscription_state.save(account, subscription, changes)
    if deletes_prorations:
        prorations.delete_pending(account, subscription)
    invoices.stop_collecting(account, subscription["id"])
    schedule_ending.end_with_subscription(account, subscription, reason=details.get("reason"))
    account.emit("customer.subscription.deleted", subscription)


def with_current_prices(account: Account, *subscriptions: Object) -> Object:
    """Copy the current price into each item, because a price can be renamed or archived.

    Returns the last of the subscriptions; those that are passed together share the copies.
    """
    named = {item["price"]["id"] for subscription in subscriptions for item in subscription["items"]["data"]}
    prices = {name: price for name in named if (price := account.get("price", name))}
    plans = {name: plan(price) for name, price in prices.items()}
    current = {name: {"price": price, "plan": plans[name]} for name, price in prices.items()}
    for subscription in subscriptions:
        items = [{**item, **current.get(item["price"]["id"], {})} for item in subscription["items"]["data"]]
        subscription["items"] = {**subscription["items"], "data": items}
    return subscriptions[-1]


def period_of(price: Object, *, anchor: int, at: int) -> tuple[int, int]:
    """Return start and end of the price's billing period that contains `at`, counting periods from `anchor`."""
    return first_periods.period_of(price, anchor=anchor, at=at)


def _schedule_end(account: Account, subscription: Object, order: NewSubscription) -> None:
    items = subscription["items"]
    subscription |= scheduled_ends.changes(account, subscription, order.end, items["data"])
    if order.trial_end is None:
        fitted = [scheduled_ends.shortened(item, cancel_at=subscription["cancel_at"]) for item in items["data"]]
        subscription["items"] = {**items, "data": fitted}


def _item(account: Account, each: Order, order: NewSubscription) -> Object:
    trial = None if order.trial_end is None else (account.now, order.trial_end)
    return shapes.item(
        price=each.price,
        quantity=each.quantity,
        currency=order.currency,
        created=account.now,
        period=trial or first_periods.current(each.price, order.start, now=account.now),
        metadata=each.metadata,
    )


def _first_invoice(account: Account, subscription: Object, order: NewSubscription) -> Object | None:
    items = subscription["items"]["data"]
    if order.trial_end is None:
        billed = [line for item in items for line in first_periods.lines(account, subscription, item, order.start)]
    else:
        billed = [line for item in items for line in lines.for_trial(account, subscription, item)]
    for each in order.one_time:
        billed += lines.for_one_time(account, each, subscription=subscription["id"])
    return invoices.draft(account, subscription, reason="subscription_create", lines=billed) if billed else None


def _first_status(subscription: Object, invoice: Object | None, order: NewSubscription) -> str:
    if subscription["trial_end"] is not None:
        return "trialing"
    if invoice is None or not invoice["amount_due"] or order.is_scheduled:
        return "active"
    if subscription["collection_method"] == "send_invoice":
        return "active"
    return "incomplete"
