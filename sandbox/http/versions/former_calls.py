"""The call that Stripe removed in basil: the upcoming invoice of a customer, which is a preview since."""

from sandbox.http.call import Call
from sandbox.http.forms import Form
from sandbox.http.versions import released

REMOVED = "2025-03-31.basil"
UPCOMING = ("GET", "/v1/invoices/upcoming")
PREVIEW = ("POST", "/v1/invoices/create_preview")
DETAIL = "subscription_"
DETAILS = "subscription_details"


def target(call: Call) -> tuple[str, str]:
    """Return the method and path that answer the call: its own, or what took the place of a former one."""
    return PREVIEW if _is_former(call) else (call.method, call.path)


def translate(call: Call, form: Form) -> None:
    """Move the parameters of an upcoming invoice, `subscription_items` and the like, into `subscription_details`."""
    if not _is_former(call):
        return
    details = form.setdefault(DETAILS, {})
    for name in [name for name in form if name.startswith(DETAIL) and name != DETAILS]:
        value = form.pop(name)
        if isinstance(details, dict):
            details[name.removeprefix(DETAIL)] = value
    if not details:
        del form[DETAILS]


def _is_former(call: Call) -> bool:
    return (call.method, call.path) == UPCOMING and released.is_before(call.version, REMOVED)
