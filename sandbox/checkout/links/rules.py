"""Count the checkouts that a payment link completed, and deactivate it at its limit."""

from sandbox.core.account import Account
from sandbox.core.store import Object

UPDATED = "payment_link.updated"


def count_completed(account: Account, session: Object) -> None:
    """Count a session that was paid, if it came from a link; at the limit the link takes no more."""
    link = account.get("payment_link", session["payment_link"]) if session["payment_link"] else None
    if link is None or link["restrictions"] is None:
        return
    completed = link["restrictions"]["completed_sessions"]
    count = completed["count"] + 1
    changes = {
        "active": link["active"] and count < completed["limit"],
        "restrictions": {"completed_sessions": {**completed, "count": count}},
    }
    account.change(link, changes, event=UPDATED)
