"""The `/v1/credit_notes` routes."""

from sandbox.core.account import Account
from sandbox.core.dry_run import dry_run
from sandbox.core.store import Object
from sandbox.http import limits, listing, sublists
from sandbox.http.listing import Params
from sandbox.http.routes import Routes
from sandbox.invoices.credit_notes import rules

PAGING = ("ending_before", "limit", "starting_after")


def create(account: Account, params: Params) -> Object:
    return rules.issue(account, params)


def preview(account: Account, params: Params) -> Object:
    """Return the credit note that the parameters would issue, without saving anything."""
    with dry_run(account):
        return rules.issue(account, params)


def preview_lines(account: Account, params: Params) -> Object:
    """Return one page of the lines of a preview."""
    note = preview(account, {name: value for name, value in params.items() if name not in PAGING})
    return sublists.page(note["lines"], params)


def retrieve(account: Account, _params: Params, note_id: str) -> Object:
    return account.find("credit_note", note_id)


def update(account: Account, params: Params, note_id: str) -> Object:
    return rules.change(account, account.find("credit_note", note_id), params)


def void(account: Account, _params: Params, note_id: str) -> Object:
    return rules.void(account, account.find("credit_note", note_id))


def lines(account: Account, params: Params, note_id: str) -> Object:
    return sublists.page(account.find("credit_note", note_id)["lines"], params)


def list_all(account: Account, params: Params) -> Object:
    """List credit notes, by invoice or customer."""
    limits.refuse_unsupported(params, "customer_account")
    wanted = listing.given(params, "invoice", "customer")
    return listing.page(
        account,
        "credit_note",
        params,
        index=next(iter(wanted.items()), None),
        where=lambda note: listing.matches(note, wanted),
    )


ROUTES: Routes = [
    ("POST", "/v1/credit_notes", create),
    ("GET", "/v1/credit_notes", list_all),
    ("GET", "/v1/credit_notes/preview", preview),
    ("GET", "/v1/credit_notes/preview/lines", preview_lines),
    ("GET", "/v1/credit_notes/<note_id>", retrieve),
    ("POST", "/v1/credit_notes/<note_id>", update),
    ("POST", "/v1/credit_notes/<note_id>/void", void),
    ("GET", "/v1/credit_notes/<note_id>/lines", lines),
]
