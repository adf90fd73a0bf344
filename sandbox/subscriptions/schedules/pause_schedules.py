"""`pause_schedules` of a schedule: pause its subscription at one moment, and resume it at another.

https://docs.stripe.com/billing/subscriptions/pause/schedules
"""

from typing import Any

from sandbox.core import ids
from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits
from sandbox.http.listing import Params
from sandbox.invoices import rules as invoices
from sandbox.invoices import subscription_state
from sandbox.subscriptions import rules as subscriptions
from sandbox.subscriptions.pausing import eligibility
from sandbox.subscriptions.pausing import rules as pausing
from sandbox.subscriptions.pausing.rules import Resumption

UPDATED = "subscription_schedule.updated"
SCHEDULED = {"error": None, "type": "scheduled"}
SUCCEEDED = {"error": None, "type": "succeeded"}
PAUSE_SETTINGS = {"invoicing_behavior": "pending_invoice_item", "type": "subscription"}
BILL_FOR = {"outstanding_usage_through": {"type": "pause_at"}, "unused_time_from": {"type": "pause_at"}}
RESUME_SETTINGS = {
    "billing_cycle_anchor": "resume_at",
    "payment_behavior": "resume_on_payment_success",
    "proration_behavior": "create_prorations",
}


def change(account: Account, schedule: Object, params: Params) -> None:
    """Set, change or remove the pause schedule that the request has, if any; pause or resume what is due now."""
    if "pause_schedules" not in params:
        return
    given = limits.items(params["pause_schedules"] or [], param="pause_schedules", most=1)
    subscription = account.find("subscription", schedule["subscription"])
    entries = [_entry(account, schedule, subscription, given[0])] if given else []
    account.change(schedule, {"pause_schedules": entries}, event=UPDATED)
    _plan(account, subscription, entries)
    while is_due(account, subscription):
        run(account, subscription)


def is_due(account: Account, subscription: Object) -> bool:
    return any(_is_over(account, subscription.get(name)) for name in ("_pauses_at", "_resumes_at"))


def run(account: Account, subscription: Object) -> None:
    """Pause or resume the subscription, and write into its schedule how that went."""
    subscriptions.with_current_prices(account, subscription)
    schedule = account.find("subscription_schedule", subscription["schedule"])
    if _is_over(account, subscription.get("_pauses_at")):
        subscription_state.save(account, subscription, {"_pauses_at": None})
        _pause(account, schedule, subscription)
    else:
        subscription_state.save(account, subscription, {"_resumes_at": None})
        _resume(account, schedule, subscription)


def _is_over(account: Account, moment: int | None) -> bool:
    return moment is not None and moment <= account.now


def _pause(account: Account, schedule: Object, subscription: Object) -> None:
    planned = schedule["pause_schedules"][0]["pause"]
    if refusal := eligibility.why_not(subscription, by_schedule=True):
        _note(account, schedule, "pause", _error(refusal))
        return
    settings = planned["settings"]
    since = settings["bill_for"]["unused_time_from"]["type"]
    pausing.pause(
        account,
        subscription,
        reason="pause_requested",
        credited_from="now" if since == "pause_at" else since,
        invoices_now=settings["invoicing_behavior"] == "invoice",
    )
    _note(account, schedule, "pause", SUCCEEDED)


def _resume(account: Account, schedule: Object, subscription: Object) -> None:
    if subscription["status"] != "paused":
        status = subscription["status"]
        _note(account, schedule, "resume", _error(f"The subscription is not paused; its status is `{status}`."))
        return
    settings = schedule["pause_schedules"][0]["resume"]["settings"]
    _note(account, schedule, "resume", {"error": None, "type": "pending"})
    wanted = Resumption(
        resets_anchor=settings["billing_cycle_anchor"] == "resume_at",
        behavior=settings["proration_behavior"],
        since=account.now,
        needs_success=settings["payment_behavior"] == "resume_on_payment_success",
    )
    if pausing.resume(account, subscription, wanted) is None:
        return
    intent = invoices.intent_of(account, account.find("invoice", subscription["latest_invoice"]))
    if intent["status"] == "requires_action":
        schedule = account.find("subscription_schedule", schedule["id"])
        _note(account, schedule, "resume", {"error": None, "type": "requires_action"})


def _note(account: Account, schedule: Object, part: str, status: Object) -> None:
    entry = schedule["pause_schedules"][0]
    account.change(schedule, {"pause_schedules": [{**entry, part: {**entry[part], "status": status}}]}, event=UPDATED)


def _error(message: str) -> Object:
    return {"error": {"code": None, "message": message}, "type": "error"}


def _plan(account: Account, subscription: Object, entries: list[Object]) -> None:
    pause, resume = (entries[0]["pause"], entries[0]["resume"]) if entries else (None, None)
    is_planned = pause is not None and pause["status"]["type"] == "scheduled"
    resumes = resume is not None and resume["status"]["type"] == "scheduled"
    changes = {
        "_pauses_at": pause["pause_at"] if pause and is_planned else None,
        "_resumes_at": resume["resume_at"] if resume and resumes else None,
    }
    subscription_state.save(account, subscription, changes)


def _entry(account: Account, schedule: Object, subscription: Object, given: Params) -> Object:
    """Return the entry after the request; what it does not mention of an entry with the same key stays."""
    present = next((each for each in schedule["pause_schedules"] if each["key"] == given.get("key")), None)
    if given.get("key") and present is None and schedule["pause_schedules"]:
        raise ApiError.invalid("There is no pause schedule with this key.", param="pause_schedules[0][key]")
    pause = _read_pause(account, subscription, given, present["pause"] if present else None)
    resume = present["resume"] if present else None
    if given.get("resume") == "":
        resume = None
    elif "resume" in given:
        resume = _read_resume(account, given["resume"], resume, pause_at=pause["pause_at"])
    return {"key": given.get("key") or f"pause_{ids.new('subscription_item')[3:]}", "pause": pause, "resume": resume}


def _read_pause(account: Account, subscription: Object, given: Params, present: Object | None) -> Object:
    if "pause" not in given and present is not None:
        return present
    if "pause" not in given:
        if subscription["status"] != "paused":
            raise ApiError.missing_parameter("pause_schedules[0][pause]")
        since = subscription["status_details"]["paused"]["transitioned_at"]
        return {"pause_at": since, "settings": None, "status": SUCCEEDED}
    if present is not None and present["status"]["type"] != "scheduled":
        raise ApiError.invalid("The pause has already taken place.", param="pause_schedules[0][pause]")
    asked = given["pause"].get("pause_at")
    if asked is None and present is None:
        raise ApiError.missing_parameter("pause_schedules[0][pause][pause_at]")
    moment = _moment(account, asked, "pause_schedules[0][pause][pause_at]") if asked else (present or {})["pause_at"]
    known = (present or {}).get("settings") or {**PAUSE_SETTINGS, "bill_for": BILL_FOR}
    settings = given["pause"].get("settings", {})
    bill_for = {**known["bill_for"], **settings.get("bill_for", {})}
    path = "pause_schedules[0][pause][settings][bill_for]"
    eligibility.refuse_to_bill_usage(subscription, bill_for, path=path)
    return {"pause_at": moment, "settings": {**known, **settings, "bill_for": bill_for}, "status": SCHEDULED}


def _read_resume(account: Account, given: Params, present: Object | None, *, pause_at: int) -> Object:
    path = "pause_schedules[0][resume][resume_at]"
    known = present or {"resume_at": None, "settings": RESUME_SETTINGS}
    asked = given.get("resume_at")
    moment: Any = known["resume_at"]
    if asked and asked["type"] == "duration":
        length = asked.get("duration") or {}
        if not length:
            raise ApiError.missing_parameter(f"{path}[duration]")
        moment = limits.end_of(length, start=pause_at, param=f"{path}[duration]")
    elif asked:
        moment = _moment(account, asked, path)
    if moment is None:
        raise ApiError.missing_parameter(path)
    if moment <= pause_at:
        raise ApiError.invalid("A subscription has to resume after it pauses.", param=path)
    return {"resume_at": moment, "settings": {**known["settings"], **given.get("settings", {})}, "status": SCHEDULED}


def _moment(account: Account, given: Params, path: str) -> int:
    if given["type"] == "now":
        return account.now
    if "timestamp" not in given:
        raise ApiError.missing_parameter(f"{path}[timestamp]")
    return limits.future(given["timestamp"], param=f"{path}[timestamp]", now=account.now)
