"""What people read once all is quiet: their pages and the API must say what Stripe will do.

Of each subscription and payment: amount, currency, next charge, end, access; of each price, what it costs.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from tests.chaos.columns import Object
from tests.chaos.processes import Answer
from tests.chaos.row_checks import Broken
from tests.chaos.truth import (
    ENDED,
    PAID,
    AtStripe,
    days_in,
    end_of,
    main_item,
    money,
    next_charge_of,
    period_end_of,
    text_of,
)

Read = Callable[..., Answer]


def check(read: Read, people: Iterable[int], at_stripe: AtStripe, linked: dict[int, Collection[str]]) -> int:
    """Compare what each person is told with Stripe's objects; return how many subscriptions. Raises Broken.

    `linked` has the further customers of each person. A page is read with `read(person, path)`.
    """
    _check_plans(read, at_stripe)
    return sum(_check_person(read, person, at_stripe, linked.get(person, ())) for person in people)


def _check_person(read: Read, person: int, at_stripe: AtStripe, linked: Collection[str]) -> int:
    count = 0
    by_id = {one["id"]: one for one in at_stripe.subscriptions}
    for path, method in (("/api/me", "GET"), ("/api/getsubs", "POST")):
        told = json.loads(_body(read(person, path, method)))
        _check_all_are_told(path, told, by_id, {told["customer_id"], *linked})
        for each in told["subscriptions"]:
            if obj := by_id.get(each["subscription_id"]):
                for difference in _differences(each, obj, at_stripe):
                    raise _lie(f"{path} says of {obj['id']}: {difference}")
        _check_payments(path, told["payments"], at_stripe)
    account = _body(read(person, "/account/"))
    for each in told["subscriptions"]:
        obj = by_id.get(each["subscription_id"])
        if obj is not None and obj["status"] not in ENDED:
            _check_card(person, obj, account, at_stripe)
            _check_cancel_page(_body(read(person, f"/subscriptions/{obj['id']}/cancel/")), obj)
            _body(read(person, f"/subscriptions/{obj['id']}/change/"))
            count += 1
    return count


def _check_all_are_told(path: str, told: Answer, by_id: dict[str, Object], customers: Collection[str]) -> None:
    ids = {each["subscription_id"] for each in told["subscriptions"]}
    for key, obj in by_id.items():
        if obj["customer"] in customers and obj["status"] not in ENDED and key not in ids:
            raise _lie(f"{key} of {told['user_name']} is not in {path}")


def _differences(told: Answer, obj: Object, at_stripe: AtStripe) -> Iterator[str]:
    main = main_item(obj)
    expected = {
        "status": obj["status"],
        "price_id": main["price"]["id"],
        "product_id": main["price"]["product"],
        "currency": obj["currency"],
        "trial_end": obj["trial_end"],
        "ended_at": obj["ended_at"],
        "cancel_at": end_of(obj),
        "current_period_end": period_end_of(obj),
        "next_charge_at": next_charge_of(obj),
        "gives_access": at_stripe.gives_access(obj),
    }
    amount = at_stripe.regular.get(obj["id"])
    if amount is not None and told["amount"] is not None:
        expected["amount"] = amount
    for name, value in expected.items():
        is_unknown = name == "gives_access" and value is None
        if _unix(told[name]) != value and not is_unknown:
            yield f"{name} is {told[name]}, at Stripe {value}"
    if told["amount"] is not None and not _can_have_amount(obj):
        yield f"amount is {told['amount']}, though it is no single figure"


def _can_have_amount(obj: Object) -> bool:
    items = obj["items"]["data"]
    recurring = [item["price"]["recurring"] for item in items]
    is_fixed = all(one["usage_type"] == "licensed" for one in recurring)
    is_flat = all(item["price"]["billing_scheme"] == "per_unit" for item in items)
    return is_fixed and is_flat and len({(one["interval"], one["interval_count"]) for one in recurring}) == 1


def _check_payments(path: str, told: list[Answer], at_stripe: AtStripe) -> None:
    intents = {one["id"]: one for one in at_stripe.intents}
    for each in told:
        intent = intents.get(each["payment_id"])
        if intent is None:
            continue
        expected = {name: intent[name] for name in ("amount", "currency", "status")}
        expected["gives_access"] = at_stripe.payment_gives_access(intent)
        for name, value in expected.items():
            if value is not None and each[name] != value:
                raise _lie(f"{path} says of {intent['id']}: {name} is not {value}: {each}")


def _check_card(person: int, obj: Object, account: str, at_stripe: AtStripe) -> None:
    card = next((card for card in re.findall(r"<article.*?</article>", account, re.DOTALL) if obj["id"] in card), "")
    if not card:
        raise _lie(f"/account/ of person {person} does not show {obj['id']}")
    for problem in (*_wrong_days(obj, card), *_wrong_amounts(obj, text_of(card), at_stripe)):
        raise _lie(f"/account/ {problem}: {text_of(card)}")


def _wrong_days(obj: Object, card: str) -> Iterator[str]:
    said, end, charge = text_of(card), end_of(obj), next_charge_of(obj)
    for sentence in ("Renews on", "the next payment is on"):
        if sentence in said and _day_after(sentence, card) != charge:
            yield f"says that {obj['id']} {sentence} {_day_after(sentence, card)}, at Stripe {charge}"
    if "Renews on" in said and (end or obj["status"] != "active"):
        yield f"says that {obj['id']} renews, which ends at {end} and is {obj['status']}"
    if end and obj["status"] in PAID and end not in days_in(card):
        yield f"does not say that {obj['id']} ends at {end}"
    if charge and obj["status"] == "active" and charge not in days_in(card):
        yield f"does not say that {obj['id']} is charged at {charge}"


def _wrong_amounts(obj: Object, said: str, at_stripe: AtStripe) -> Iterator[str]:
    price, paid, amount = main_item(obj)["price"], said.partition("You pay")[2], at_stripe.regular.get(obj["id"])
    is_plain = at_stripe.is_plain(price) and price["currency"] == obj["currency"]
    if is_plain and money(price["unit_amount"], obj["currency"]) not in said:
        yield f"does not say that {obj['id']} costs {price['unit_amount']}"
    is_foretold = amount is not None and "before your discount" not in paid
    if paid and amount is not None and is_foretold and money(amount, obj["currency"]) not in paid:
        yield f"does not say that {obj['id']} costs {amount} after its discounts"


def _check_cancel_page(page: str, obj: Object) -> None:
    """The choice to cancel at the period's end names the day on which it ends then."""
    choices = re.findall(r'<div class="card choice">.*?</div>', page, re.DOTALL)
    if not choices or obj["status"] not in PAID:
        return
    end, period_end = end_of(obj), period_end_of(obj)
    wanted = end if end is not None and end <= period_end else period_end
    if wanted not in days_in(choices[0]):
        raise _lie(f"the cancel page of {obj['id']} does not say {wanted}: {text_of(choices[0])}")


def _check_plans(read: Read, at_stripe: AtStripe) -> None:
    told = json.loads(_body(read(None, "/api/plans")))
    by_id = {price["price_id"]: price for plan in told["plans"] for price in plan["prices"]}
    on_sale = {price["id"]: price for price in at_stripe.prices if at_stripe.is_on_sale(price)}
    for key in by_id.keys() ^ on_sale.keys():
        raise _lie(f"/api/plans {'has' if key in by_id else 'lacks'} {key}")
    page = _body(read(None, "/"))
    offers = [text_of(article) for article in re.findall(r"<article.*?</article>", page, re.DOTALL)]
    names = {product["id"]: product["name"] for product in at_stripe.products}
    for key, price in on_sale.items():
        recurring = price["recurring"] or {"interval": "one_time", "interval_count": 1}
        expected = {name: price[name] for name in ("unit_amount", "currency")}
        expected |= {name: recurring[name] for name in ("interval", "interval_count")}
        for name, value in expected.items():
            if by_id[key][name] != value:
                raise _lie(f"/api/plans says of {key}: {name} is {by_id[key][name]}, at Stripe {value}")
        amount, name = money(price["unit_amount"], price["currency"]), names[price["product"]]
        if not any(name in offer and amount in offer for offer in offers):
            raise _lie(f"/ does not offer {name} for {amount}")


def _day_after(sentence: str, html: str) -> int | None:
    return next(iter(days_in(html.partition(sentence)[2])), None)


def _unix(value: Any) -> Any:
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return int(datetime.fromisoformat(value).timestamp())
    return value


def _lie(what: str) -> Broken:
    return Broken("pages say what Stripe says", what)


def _body(answer: Answer) -> str:
    if answer["status"] != 200:
        raise Broken("no page fails", str(answer)[:500])
    text: str = answer["text"]
    return text
