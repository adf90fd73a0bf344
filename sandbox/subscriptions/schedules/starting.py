"""Schedules that create their subscription: at once, or at a later `start_date`."""

from typing import Any

from sandbox.catalog.discounts import request as discount_request
from sandbox.catalog.orders import Order
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits, metadata
from sandbox.http.listing import Params
from sandbox.invoices import rules as invoices
from sandbox.invoices import subscription_state
from sandbox.invoices.subscription_state import UPDATED
from sandbox.payments import payment_method_routes
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions import shared_parameters
from sandbox.subscriptions.rules import NewSubscription
from sandbox.subscriptions.schedules import expiry, phase_settings, request, rules, shapes

DEFAULT_SETTINGS = frozenset({"collection_method", "default_payment_method", "description", "invoice_settings"})
FLEXIBLE = {"flexible": {"proration_discounts": "included"}, "type": "flexible"}


def create(account: Account, params: Params) -> Object:
    """Create a schedule from its phases, and the subscription if it starts now."""
    if "customer" not in params:
        raise ApiError.missing_parameter("customer")
    customer = account.find("customer", params["customer"], param="customer")
    start = params.get("start_date", "now")
    start = account.now if start == "now" else start
    if start < account.now:
        raise ApiError.unsupported_parameter("start_date")  # Stripe backdates the subscription.
    schedule = shapes.schedule(
        subscription=None,
        customer=customer["id"],
        created=account.now,
        phases=request.first_phases(account, params, start=start),
        end_behavior=end_behavior(params),
        settings=_settings(account, params, customer),
    )
    schedule["metadata"] = metadata.merged({}, params)
    account.add(schedule)
    if start == account.now:
        _begin(account, schedule)
    account.emit("subscription_schedule.created", schedule)
    plan(account, schedule)
    return schedule


def end_behavior(params: Params) -> str:
    behavior = str(params.get("end_behavior", "release"))
    if behavior not in {"release", "cancel"}:
        raise ApiError.unsupported_parameter("end_behavior")
    return behavior


def plan(account: Account, schedule: Object) -> None:
    """Set the schedule's next due time: its start or, once it has started, the announcement of its end."""
    if schedule["status"] == "not_started":
        account.store.set_due("subscription_schedule", schedule["id"], schedule["phases"][0]["start_date"])
    else:
        expiry.plan(account, schedule)


def start_or_announce_end(account: Account, schedule: Object) -> None:
    """Do what is due: create the subscription, or record that the schedule ends in seven days."""
    if schedule["status"] != "not_started":
        expiry.announce(account, schedule)
        return
    _begin(account, schedule)
    account.emit("subscription_schedule.updated", schedule, previous={"status": "not_started", "subscription": None})
    expiry.plan(account, schedule)


def _begin(account: Account, schedule: Object) -> None:
    """Create the subscription of the first phase and collect its first invoice.

    It is active although that invoice is unpaid, and past due if it can't be paid.
    """
    phase = schedule["phases"][0]
    account.change(schedule, {"current_phase": shapes.span(phase), "status": "active"})
    subscription, invoice = subscriptions.start(account, _order(account, schedule, phase))
    account.change(schedule, {"subscription": subscription["id"]})
    if invoice is None:
        return
    invoices.finalize(account, invoice)
    if subscription["collection_method"] == "send_invoice" and invoice["amount_due"]:
        account.emit("invoice.sent", invoice)
        return
    method = subscription_state.payment_method(account, subscription)
    if invoices.collect(account, invoice, method, on_session=False) and subscription["status"] == "active":
        subscription_state.save(account, subscription, {"status": "past_due"}, event=UPDATED)


def _order(account: Account, schedule: Object, phase: Object) -> NewSubscription:
    customer = account.find("customer", schedule["customer"])
    recurring = _orders(account, phase["items"], phase["currency"])
    settings = schedule["default_settings"]
    members: dict[str, Any] = {
        "billing_mode": schedule["billing_mode"],
        "collection_method": settings["collection_method"] or "charge_automatically",
        "days_until_due": settings["invoice_settings"]["days_until_due"],
        "default_payment_method": settings["default_payment_method"],
        "description": settings["description"],
        "metadata": phase["metadata"],
        **rules.settings_of(phase),
        **rules.members_from(schedule, canceled_at=account.now),
    }
    return NewSubscription(
        customer=customer,
        recurring=recurring,
        one_time=_orders(account, phase["add_invoice_items"], phase["currency"]),
        trial_end=phase["trial_end"],
        members=members,
        redemptions=discount_request.of_subscription(
            account, phase_settings.redemption_params(phase), customer, recurring
        ),
        is_scheduled=True,
    )


def _orders(account: Account, items: list[Object], currency: str) -> list[Order]:
    return [
        Order(account.find("price", item["price"]), item.get("quantity", 0), item["metadata"], currency)
        for item in items
    ]


def _settings(account: Account, params: Params, customer: Object) -> Object:
    """Return the schedule's billing mode and the settings of its `default_settings`."""
    given = params.get("default_settings", {})
    for name in sorted(given.keys() - DEFAULT_SETTINGS):
        raise ApiError.unsupported_parameter(f"default_settings[{name}]")
    invoicing = given.get("invoice_settings", {})
    limits.refuse_unsupported(
        invoicing, *sorted(invoicing.keys() - {"days_until_due"}), within="default_settings[invoice_settings]"
    )
    method = given.get("default_payment_method")
    if method:
        param = "default_settings[default_payment_method]"
        method = payment_method_routes.attached(account, method, customer, param=param)["id"]
    mode = shared_parameters.shared_members(account, {name: params[name] for name in params.keys() & {"billing_mode"}})
    return {
        "billing_mode": mode.get("billing_mode", FLEXIBLE),
        "collection_method": given.get("collection_method", "charge_automatically"),
        "days_until_due": invoicing.get("days_until_due"),
        "default_payment_method": method,
        "description": given.get("description") or None,
    }
