"""Find the payment method that a request names, by its own id or by a test id such as `pm_card_visa`."""

from sandbox.core.account import Account
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.payments import cards, method_types, rules, shapes
from sandbox.payments.cards import Card

# Test ids of US bank accounts and their account numbers.
BANK_HOLDER = "Jenny Rosen"
BANK_ALIASES = {
    "pm_usBankAccount_success": "000123456789",
    "pm_usBankAccount_accountClosed": "000111111113",
    "pm_usBankAccount_noAccount": "000111111116",
    "pm_usBankAccount_insufficientFunds": "000222222227",
    "pm_usBankAccount_debitNotAuthorized": "000333333335",
    "pm_usBankAccount_invalidCurrency": "000444444440",
    "pm_usBankAccount_dispute": "000555555559",
}


def find(account: Account, method_id: str, *, param: str = "payment_method") -> Object:
    """Return the payment method; a test id creates a new one each time.

    Raises ApiError: 404 for an id in the path (`param` is "id"), else 400.
    """
    if card := cards.BY_ALIAS.get(method_id):
        return from_test_card(account, card)
    if number := BANK_ALIASES.get(method_id):
        payer = shapes.billing_details(name=BANK_HOLDER)
        return account.add(shapes.bank_method(created=account.now, payer=payer, number=number))
    return account.find("payment_method", method_id, param=param)


def from_test_card(account: Account, card: Card) -> Object:
    """Create the card of a test id, without billing details."""
    expiry = cards.alias_expiry(account.now)
    return rules.new_card(account, card, payer=shapes.billing_details(), expiry=expiry)


def not_the_customers(method_id: str, *, param: str) -> ApiError:
    """Return the refusal of a payment method that is another customer's, or nobody's."""
    return ApiError.invalid(
        f"The customer does not have a payment method with the ID {method_id}. The payment method must be attached "
        "to the customer.",
        param=param,
        code="resource_missing",
    )


def require_attachable(method: Object) -> None:
    """Raise ApiError if the payment method can't be attached: it was detached, or is used up by one payment."""
    if method.get("_was_detached") or method.get("_was_used"):
        raise ApiError.invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            code="payment_method_unexpected_state",
        )
    if method["type"] not in method_types.REUSABLE:
        raise ApiError.invalid(
            f"Payment methods of type '{method['type']}' can't be saved to customers.",
            code="payment_method_unexpected_state",
        )
