"""The paths of `expand` that Stripe removed: an invoice's `payment_intent` became a list of payments in basil."""

from sandbox.http.contract import Operation
from sandbox.http.expansion import MAX_DEPTH
from sandbox.http.forms import Form
from sandbox.http.versions import released

REMOVED = "2025-03-31.basil"
INVOICES = ("invoice", "latest_invoice")
FORMER = ("payment_intent", "charge")


def translate(operation: Operation, form: Form, version: str) -> None:
    """Replace an invoice's `payment_intent` and `charge` by its `payments`, and by its `confirmation_secret`."""
    expand = form.get("expand")
    if not isinstance(expand, dict) or not released.is_before(version, REMOVED):
        return
    given = [path for path in expand.values() if isinstance(path, str)]
    if len(given) == len(expand):
        at_invoice = operation.template.startswith("/v1/invoices")
        paths = [path for each in given for path in _replaced(each, starts_at_invoice=at_invoice)]
        form["expand"] = {str(index): path for index, path in enumerate(dict.fromkeys(paths))}


def _replaced(path: str, *, starts_at_invoice: bool) -> list[str]:
    segments = path.split(".")
    for index, name in enumerate(segments):
        before = [each for each in segments[:index] if each != "data"]
        is_of_invoice = before[-1] in INVOICES if before else starts_at_invoice
        if name in FORMER and is_of_invoice:
            return _paths(segments[:index], name, segments[index + 1 :])
    return [path]


def _paths(invoice: list[str], name: str, rest: list[str]) -> list[str]:
    """Return the paths of the invoice's payments, as deep as a path may be, and of its client secret."""
    payment = [*invoice, "payments", "data", "payment", name, *rest][:MAX_DEPTH]
    while payment[-1] in {"data", "payment"}:  # They only lead to what can be expanded.
        payment.pop()
    secret = [[*invoice, "confirmation_secret"]] if name == "payment_intent" else []
    return [".".join(each) for each in (payment, *secret)]
