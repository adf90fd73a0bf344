"""Every parameter that the SDK declares for an operation is read, or refused by its full name."""

from tests.sandbox.every_operation.unplayed import probed

OF_AN_EMPTY_LIST = {"ending_before", "limit", "starting_after"}
WITHOUT_EFFECT = {
    # No connected accounts and no sources, so there is nothing to filter.
    "GET /v1/accounts": {"created", *(f"created[{each}]" for each in ("gt", "gte", "lt", "lte")), *OF_AN_EMPTY_LIST},
    "GET /v1/customers/{customer}/sources": {"object", *OF_AN_EMPTY_LIST},
    # Usage is kept by meters, as at Stripe, and no payment is due for a removal.
    "DELETE /v1/subscription_items/{item}": {"clear_usage", "payment_behavior"},
    # A preview sends no e-mail, and its lines do not show what is written on the note.
    "GET /v1/credit_notes/preview": {"email_type"},
    "GET /v1/credit_notes/preview/lines": {"effective_at", "email_type", "memo", "metadata", "reason"},
}


def test_no_parameter_is_accepted_and_never_read():
    assert probed().never_read() == WITHOUT_EFFECT


def test_no_parameter_fails_the_sandbox():
    assert probed().crashes == []
