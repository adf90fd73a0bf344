"""When something about a subscription or a session is next due: what renewals.py is woken up for."""

from sandbox.core.account import Account
from sandbox.core.periods import DAY
from sandbox.core.store import Object

ENDED = {"canceled", "incomplete_expired"}
NOTICE_BEFORE_TRIAL_END = 3 * DAY
TIME_TO_PAY_FIRST_INVOICE = 23 * 3600


def plan_subscription(account: Account, subscription: Object) -> None:
    """Note the subscription's next moment, now at the earliest, or that there is none."""
    moment = next_moment(subscription, now=account.now)
    if moment is None:
        account.store.unplan("subscription", subscription["id"])
    else:
        account.store.plan("subscription", subscription["id"], max(moment, account.now))


def next_moment(subscription: Object, *, now: int) -> int | None:
    """Tell when time alone next changes the subscription; None when it never does."""
    if subscription["status"] in ENDED:
        return None
    moments = _moments(subscription, now=now)
    moments += [moment for moment in (subscription["cancel_at"], subscription.get("_phase_end")) if moment is not None]
    return min(moments, default=None)


def _moments(subscription: Object, *, now: int) -> list[int]:
    match subscription["status"]:
        case "incomplete":
            return [subscription["created"] + TIME_TO_PAY_FIRST_INVOICE]
        case "paused":
            return []
        case "trialing":
            notice = subscription["trial_end"] - NOTICE_BEFORE_TRIAL_END
            return [subscription["trial_end"], notice] if notice > now else [subscription["trial_end"]]
        case _:
            return [item["current_period_end"] for item in subscription["items"]["data"]]
