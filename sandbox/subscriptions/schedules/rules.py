"""Create a schedule from a subscription, change its phases, and move the subscription from phase to phase."""

from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.discounts import rules as discounts
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.store import Object
from sandbox.http import listing
from sandbox.invoices import subscription_state
from sandbox.invoices.subscription_state import UPDATED
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions import shapes as subscription_shapes
from sandbox.subscriptions.changes import rules as subscription_changes
from sandbox.subscriptions.changes.rules import ItemChanges
from sandbox.subscriptions.schedules import ending, expiry, shapes


def create_from_subscription(account: Account, subscription: Object) -> Object:
    """Create a schedule that manages the subscription; its only phase is the current period."""
    ends = subscription["cancel_at"] is not None
    schedule = shapes.schedule(
        subscription=subscription,
        customer=subscription["customer"],
        settings=subscription,
        created=account.now,
        phases=[_phase_of_current_period(subscription)],
        end_behavior="cancel" if ends else "release",
    )
    account.add(schedule, event="subscription_schedule.created")
    attach_to_subscription(account, subscription, schedule)
    expiry.plan(account, schedule)
    return schedule


def update(account: Account, schedule: Object, members: Object, *, behavior: str) -> Object:
    """Change the schedule's members; if that changes the items of its current phase, change the subscription now."""
    subscription = subscriptions.with_current_prices(account, account.find("subscription", schedule["subscription"]))
    current = current_phase({**schedule, **members}, now=account.now)
    account.change(schedule, {**members, "current_phase": shapes.span(current)}, event="subscription_schedule.updated")
    if not _has_items_of_phase(subscription, current):
        subscription_changes.change_items(
            account, subscription, _item_changes(account, subscription, current, behavior), members={}
        )
    attach_to_subscription(account, subscription, schedule)
    expiry.plan(account, schedule)
    return schedule


def copy_items_to_current_phase(account: Account, subscription: Object) -> None:
    """After a direct change of the subscription's items, copy them into the current phase of its schedule, if any."""
    if subscription["schedule"] is None:
        return
    schedule = account.find("subscription_schedule", subscription["schedule"])
    current = current_phase(schedule, now=account.now)
    items = _phase_items(subscription)
    phases = [{**phase, "items": items} if phase == current else phase for phase in schedule["phases"]]
    account.change(schedule, {"phases": phases}, event="subscription_schedule.updated")


def set_billing_mode(account: Account, subscription: Object) -> None:
    """Give the schedule of the subscription, if it has one, the subscription's billing mode."""
    if subscription["schedule"] is not None:
        schedule = account.find("subscription_schedule", subscription["schedule"])
        changes = {"billing_mode": subscription["billing_mode"]}
        account.change(schedule, changes, event="subscription_schedule.updated")


def attach_to_subscription(account: Account, subscription: Object, schedule: Object) -> None:
    """Set the subscription's `schedule`, the start of its next phase, and `cancel_at` if the last phase cancels it."""
    members = members_from(schedule, canceled_at=subscription["canceled_at"] or account.now)
    if schedule["end_behavior"] != "cancel" and subscription["schedule"] == schedule["id"]:
        members |= ending.NO_SCHEDULED_END
    subscription_state.save(account, subscription, members, event=UPDATED)


def members_from(schedule: Object, *, canceled_at: int) -> Object:
    """Return the members of a subscription that its schedule sets."""
    last = schedule["phases"][-1]
    members = {"_phase_end": schedule["current_phase"]["end_date"], "schedule": schedule["id"]}
    if schedule["end_behavior"] == "cancel":
        members |= {"cancel_at": last["end_date"], "cancel_at_period_end": False, "canceled_at": canceled_at}
        if schedule["current_phase"]["end_date"] == last["end_date"]:
            members["_phase_end"] = None
    return members


def advance(account: Account, subscription: Object) -> None:
    """Begin the phase that is due, or complete the schedule after its last phase."""
    schedule = account.find("subscription_schedule", subscription["schedule"])
    phase = current_phase(schedule, now=account.now)
    planned = [moment for name in ("_pauses_at", "_resumes_at") if (moment := subscription.get(name))]
    if phase["end_date"] <= account.now and planned:
        # A pause schedule outlasts the phases; Stripe's documentation does not say.
        subscription_state.save(account, subscription, {"_phase_end": max(planned)})
        return
    if phase["end_date"] <= account.now:
        ending.complete(account, schedule, subscription)
        return
    account.change(schedule, {"current_phase": shapes.span(phase)}, event="subscription_schedule.updated")
    _begin_phase(account, subscription, phase)
    attach_to_subscription(account, subscription, schedule)


def current_phase(schedule: Object, *, now: int) -> Object:
    """Return the phase at this moment; after the end of the last phase, the last phase."""
    phases: list[Object] = schedule["phases"]
    return next((phase for phase in phases if now < phase["end_date"]), phases[-1])


def _begin_phase(account: Account, subscription: Object, phase: Object) -> None:
    wanted = _item_changes(account, subscription, phase, phase["proration_behavior"])
    members = {"metadata": {**subscription["metadata"], **phase["metadata"]}, **settings_of(phase)}
    members |= _discounts_of(account, subscription, phase)
    items = subscription["items"]["data"]
    is_within_period = any(item["current_period_end"] > account.now for item in items)
    if is_within_period or _joins_within_period(account, subscription, wanted):
        subscription_changes.change_items(account, subscription, wanted, members=members)
    else:
        _replace_items_at_renewal(account, subscription, wanted, members)


def _joins_within_period(account: Account, subscription: Object, wanted: ItemChanges) -> bool:
    """Tell whether a new item's period, counted from the unchanged billing date, has begun before."""
    if _resets_billing_date(subscription, wanted):
        return False
    anchor = subscription["billing_cycle_anchor"]
    begun = [subscriptions.period_of(order.price, anchor=anchor, at=account.now)[0] for order in wanted.added]
    return any(start < account.now for start in begun)


def _resets_billing_date(subscription: Object, wanted: ItemChanges) -> bool:
    is_classic = subscription["billing_mode"]["type"] == "classic"
    return wanted.anchor == "now" or (is_classic and subscription_changes.has_other_interval(subscription, wanted))


def _replace_items_at_renewal(account: Account, subscription: Object, wanted: ItemChanges, members: Object) -> None:
    """Replace the items without proration; the renewal, which is due at the same moment, bills the new ones."""
    start = min(item["current_period_start"] for item in subscription["items"]["data"])
    added = [
        subscription_shapes.item(
            price=order.price,
            quantity=order.quantity,
            currency=subscription["currency"],
            created=account.now,
            period=(start, account.now),
            metadata=order.metadata,
        )
        | {"subscription": subscription["id"]}
        for order in wanted.added
    ]
    if _resets_billing_date(subscription, wanted):
        members = {**members, "billing_cycle_anchor": account.now}
    items = listing.with_members(subscription["items"], [*wanted.kept, *added])
    subscription_state.save(account, subscription, {**members, "items": items}, event=UPDATED)


def _item_changes(account: Account, subscription: Object, phase: Object, behavior: str) -> ItemChanges:
    """Return the change that gives the subscription the items of the phase; items with the same price are kept.

    The billing date moves to the start of a phase whose `billing_cycle_anchor` is "phase_start".
    """
    present = {item["price"]["id"]: item for item in subscription["items"]["data"]}
    begins = phase["start_date"] == account.now
    anchor = "now" if begins and phase["billing_cycle_anchor"] == "phase_start" else None
    wanted = ItemChanges(kept=[], behavior=behavior, date=account.now, anchor=anchor)
    for planned in phase["items"]:
        if item := present.get(planned["price"]):
            wanted.kept.append(item | {name: planned[name] for name in ("quantity",) if name in planned})
        else:
            price = account.find("price", planned["price"])
            quantity = planned.get("quantity", 0)
            wanted.added.append(Order(price, quantity, planned["metadata"], subscription["currency"]))
    return wanted


def settings_of(phase: Object) -> Object:
    """Return the members of a subscription that the phase sets, without its items and metadata."""
    members = {
        name: phase[name]
        for name in ("collection_method", "default_payment_method", "description")
        if phase[name] is not None
    }
    if phase["invoice_settings"] and phase["invoice_settings"]["days_until_due"] is not None:
        members["days_until_due"] = phase["invoice_settings"]["days_until_due"]
    return members


def _discounts_of(account: Account, subscription: Object, phase: Object) -> Object:
    if not phase["discounts"]:
        return {}
    given = [{name: value for name, value in each.items() if value is not None} for each in phase["discounts"]]
    redeemed = discount_request.of_update(account, {"discounts": given}, subscription)
    return discounts.replace(account, subscription, redeemed)


def _has_items_of_phase(subscription: Object, phase: Object) -> bool:
    planned = [(item["price"], item.get("quantity", 0)) for item in phase["items"]]
    present = [(item["price"]["id"], item.get("quantity", 0)) for item in subscription["items"]["data"]]
    return sorted(planned) == sorted(present)


def _phase_of_current_period(subscription: Object) -> Object:
    items = subscription["items"]["data"]
    return shapes.phase(
        items=_phase_items(subscription),
        start=min(item["current_period_start"] for item in items),
        end=subscription["cancel_at"] or max(item["current_period_end"] for item in items),
        currency=subscription["currency"],
        members={
            "default_payment_method": subscription["default_payment_method"],
            "metadata": subscription["metadata"],
            "trial_end": subscription["trial_end"] if subscription["status"] == "trialing" else None,
        },
    )


def _phase_items(subscription: Object) -> list[Object]:
    return [
        shapes.item(price=item["price"]["id"], quantity=item.get("quantity"), metadata=item["metadata"])
        for item in subscription["items"]["data"]
    ]
