"""What people read once all is quiet: their pages and the API must say of each subscription what Stripe says."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.chaos.columns import Object
from tests.chaos.processes import Answer
from tests.chaos.row_checks import Broken

Read = Callable[[int, str], Answer]

GIVE_ACCESS = {"active", "trialing"}
GIVE_NONE = {"canceled", "incomplete", "incomplete_expired", "unpaid", "paused"}
ENDED = {"canceled", "incomplete_expired"}


def check(read: Read, people: int, subscriptions: list[Object], disputes: list[Object]) -> int:
    """Compare what each person is told with Stripe's objects; return how many subscriptions. Raises Broken."""
    count = 0
    for person in range(people):
        told = json.loads(_body(read(person, "/api/me")))
        at_stripe = {obj["id"]: obj for obj in subscriptions if obj["customer"] == told["customer_id"]}
        by_id = {each["subscription_id"]: each for each in told["subscriptions"]}
        for key, obj in at_stripe.items():
            if obj["status"] not in ENDED and key not in by_id:
                raise Broken("pages say what Stripe says", f"{key} of person {person} is not in /api/me")
        account = _body(read(person, "/account/"))
        for key, each in by_id.items():
            if key in at_stripe:
                # A dispute may take the access that the status gives.
                for difference in _differences(each, at_stripe[key], is_disputed=bool(disputes)):
                    raise Broken("pages say what Stripe says", f"/api/me says of {key}: {difference}")
                _check_pages(read, person, at_stripe[key], account)
                count += 1
    return count


def _differences(told: Answer, obj: Object, *, is_disputed: bool) -> Iterator[str]:
    main = obj["items"]["data"][0]
    expected = {
        "status": obj["status"],
        "price_id": main["price"]["id"],
        "currency": obj["currency"],
        "cancel_at": obj["cancel_at"],
        "trial_end": obj["trial_end"],
        "ended_at": obj["ended_at"],
        "current_period_end": main["current_period_end"],
    }
    if len(obj["items"]["data"]) > 1 or obj["schedule"]:
        # The earliest of several periods, or the schedule's end.
        del expected["cancel_at"], expected["current_period_end"]
    elif obj["status"] in ENDED or obj["cancel_at_period_end"]:
        del expected["cancel_at"]
    for name, value in expected.items():
        if _unix(told[name]) != value:
            yield f"{name} is {told[name]}, at Stripe {value}"
    if obj["status"] in GIVE_NONE and told["gives_access"]:
        yield f"it gives access, though it is {obj['status']}"
    if obj["status"] in GIVE_ACCESS and not told["gives_access"] and not is_disputed:
        yield f"it gives no access, though it is {obj['status']}"


def _check_pages(read: Read, person: int, obj: Object, account: str) -> None:
    if obj["status"] in ENDED:
        return
    _body(read(person, f"/subscriptions/{obj['id']}/cancel/"))
    _body(read(person, f"/subscriptions/{obj['id']}/change/"))
    card = next((card for card in re.findall(r"<article.*?</article>", account, re.DOTALL) if obj["id"] in card), "")
    if not card:
        raise Broken("pages say what Stripe says", f"/account/ of person {person} does not show {obj['id']}")
    if "Renews on" in card and (obj["cancel_at"] or obj["cancel_at_period_end"] or obj["status"] != "active"):
        raise Broken("pages say what Stripe says", f"/account/ says that {obj['id']} renews: {obj}")
    if "Renews on" in card and (obj["pause_collection"] or {}).get("behavior") == "void":
        raise Broken("pages say what Stripe says", f"/account/ says that {obj['id']} renews, and nothing is charged")
    if (obj["cancel_at"] or obj["cancel_at_period_end"]) and not re.search("Cancelled|end on|ends on|until", card):
        raise Broken("pages say what Stripe says", f"/account/ does not say that {obj['id']} ends")


def _unix(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return int(datetime.fromisoformat(value).timestamp())
    return value


def _body(answer: Answer) -> str:
    if answer["status"] != 200:
        raise Broken("no page fails", str(answer)[:500])
    text: str = answer["text"]
    return text
