"""What the sandbox does not play, by the installed SDK: operations that no route answers, parameters that are refused.

`python -m tests.sandbox.every_operation.unplayed` prints both lists, for `docs/sandbox.md`.
"""

import re
import sys
import textwrap
from functools import cache, partial
from pathlib import Path

import stripe
from stripe.params import PaymentMethodCreateParams

from sandbox import api
from sandbox.app import Sandbox
from sandbox.http import contract
from sandbox.http.contract import parameters
from sandbox.http.contract.operations import operations
from tests import controls
from tests.sandbox.every_operation import calls, details
from tests.sandbox.every_operation.probing import Findings, ProbingClient

NOW = 1_800_000_000
WIDTH = 135
METHODS = parameters.fields(PaymentMethodCreateParams)["type"].choices
SAMPLES = {
    "account_number": "000123456789",
    "currency": "usd",
    "iban": "DE89370400440532013000",
    "routing_number": "110000000",
}
A_PATH = re.compile(r'"(/v1/[a-z_]+)')


def declared() -> set[tuple[str, str]]:
    """Return (method, path) of every operation that the SDK has."""
    modules = Path(stripe.__file__).parent.rglob("*_service.py")
    resources = {found for module in modules for found in A_PATH.findall(module.read_text())}
    return {(each.method, each.template) for resource in resources for each in operations(resource)}


def played() -> set[tuple[str, str]]:
    found = {(method, contract.operation(method, re.sub(r"<[\w:]+>", "x", rule))) for method, rule, _ in api.routes()}
    return {(method, operation.template) for method, operation in found if operation}


def unplayed() -> set[str]:
    """Return the paths under which nothing is played, as short as possible, and the other operations one by one."""
    there = played()
    starts = {start for _method, path in there for start in _starts(path)}
    return {_shortest(method, path, starts) for method, path in declared() - there}


def _shortest(method: str, path: str, starts: set[str]) -> str:
    return next((f"{start}/…" for start in _starts(path) if start not in starts), f"{method} {path}")


def _starts(path: str) -> list[str]:
    """Return the path's beginnings without ids, shortest first: /v1/billing, /v1/billing/alerts."""
    segments = path.partition("{")[0].strip("/").split("/")
    return ["/" + "/".join(segments[:length]) for length in range(2, len(segments) + 1)]


@cache
def probed() -> Findings:
    """Return what becomes of each parameter of the operations that are played."""
    sandbox = Sandbox(real_time=lambda: NOW)
    client = ProbingClient(sandbox)
    v1 = stripe.StripeClient("sk_test_suite", http_client=client).v1
    client.samples.update(SAMPLES)
    product = v1.products.create({"name": "Pro"}).id
    monthly = {"currency": "usd", "unit_amount": 500, "recurring": {"interval": "month"}}
    price = v1.prices.create({"product": product, **monthly}).id
    customer = v1.customers.create().id
    card = v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    v1.customers.update(customer, {"invoice_settings": {"default_payment_method": card}})
    client.samples.update(product=product, price=price, plan=price, customer=customer)
    client.samples["coupon"] = v1.coupons.create({"percent_off": 10}).id
    calls.make(sandbox, v1, partial(controls.control, sandbox))
    details.give(v1, product, price, customer)
    return client.findings


def refused() -> dict[str, list[str]]:
    """Return the parameters that each operation refuses by name; those inside a refused one are left out."""
    found = {}
    for called, paths in probed().refused.items():
        if not paths:
            continue
        outer = {path for path in paths if not any(path.startswith(f"{other}[") for other in paths)}
        found[called] = sorted({_family(path) for path in outer})
    return dict(sorted(found.items(), key=lambda each: each[0].split()[::-1]))


def _family(path: str) -> str:
    """Return the path with the name of a payment method, of which there are fifty, as `…`."""
    start, bracket, last = path.rpartition("[")
    return f"{start}{bracket}…]" if bracket and last.rstrip("]") in METHODS else "…" if path in METHODS else path


def _wrapped(text: str, indent: str = "") -> str:
    """Break the text into lines, but never after a method such as `POST`."""
    joined = re.sub(r"`([A-Z]+) ", r"`\1\0", text)
    lines = textwrap.fill(joined, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    return lines.replace("\0", " ")


def lists() -> str:
    """Return both lists as `docs/sandbox.md` has them."""
    operations_named = _wrapped(", ".join(f"`{each}`" for each in sorted(unplayed())))
    rows = [
        _wrapped(f"- `{called}`: {', '.join(map('`{}`'.format, names))}", "  ") for called, names in refused().items()
    ]
    return "\n".join([operations_named, "", *rows, ""])


if __name__ == "__main__":
    sys.stdout.write(lists())
