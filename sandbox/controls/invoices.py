"""The control of invoices: how long renewals stay drafts, and when events announce them and their due dates."""

from typing import Any

from sandbox.controls.body import Body
from sandbox.core.periods import DAY
from sandbox.invoices import subscription_state
from sandbox.invoices.sending import due
from sandbox.local_stripe import LocalStripe

MAX_DAYS = 60


def invoices(sandbox: LocalStripe, body: Body) -> dict[str, Any]:
    """Change the settings of invoices; missing members stay as they are."""
    given = {
        due.DRAFT_SECONDS: body.integer("draft_seconds", least=0, most=3 * DAY),
        subscription_state.UPCOMING_DAYS: body.integer("upcoming_days", least=0, most=MAX_DAYS),
        due.REMINDER_DAYS: body.integer("will_be_due_days", least=0, most=MAX_DAYS),
    }
    body.finish()
    account = sandbox.account
    with sandbox.transaction():
        for name, value in given.items():
            if value is not None:
                account.store.save_setting(name, value)
        return {
            "draft_seconds": due.draft_seconds(account),
            "upcoming_days": subscription_state.upcoming_days(account),
            "will_be_due_days": due.reminder_days(account),
        }


ROUTES = [("POST", "invoices", invoices)]
