"""Which answers a process of ours may give, whatever is wrong around it."""

from tests.chaos.processes import Answer
from tests.chaos.row_checks import Broken

# What a failing Stripe or an outdated page leads to; anything else is our fault.
PAGES = {200, 302, 303, 400, 404, 503}
FAILURES = ("StripeUnavailable", "StripeMissing", "StripeRefused")


def check_answer(order: Answer, answer: Answer, before: str) -> None:
    """Raise Broken for an answer that must not be. `before` tells who had the event or the lease in hand."""
    if "crashed" in answer:
        raise Broken("no process fails of itself", f"{order['do']}: {answer['crashed']}")
    match order["do"]:
        case "webhook":
            _judge_webhook(order, answer, before)
        case "sync":
            _judge_sync(order, answer, before)
        case _:
            if answer["status"] not in PAGES:
                raise Broken("no page fails", f"{order['path']}: {answer}")


def _judge_webhook(order: Answer, answer: Answer, before: str) -> None:
    status = answer["status"]
    if before == "in hand" and status != 409:
        raise Broken("an event is in one pair of hands", f"{order['event']} was in hand, and answered {answer}")
    if before == "done" and status != 200:
        raise Broken("a finished event is answered at once", f"{order['event']}: {answer}")
    if status not in {200, 409, 500} or (status == 500 and not any(name in answer["text"] for name in FAILURES)):
        raise Broken("no webhook fails of itself", f"{order['event']}: {answer}")


def _judge_sync(order: Answer, answer: Answer, before: str) -> None:
    if before == "in hand" and answer["ran"]:
        raise Broken("one sync at a time", f"another one has the lease, and this one answered {answer}")
    if order.get("must") == "complete" and not answer.get("is_complete"):
        raise Broken("one sync puts all right", str(answer))
