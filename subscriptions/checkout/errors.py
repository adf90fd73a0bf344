"""Errors of buying. The messages of CannotBuy are shown to the buyer."""

from typing import Self

from billing import money
from billing.errors import StripeRefused, StripeUnavailable
from billing.models import Price

MAX_QUANTITY = 999


class CannotBuy(Exception):
    """The purchase is not possible now; the message tells the buyer why."""

    @classmethod
    def not_on_sale(cls) -> Self:
        return cls("This price is no longer available. Please choose one of the current plans.")

    @classmethod
    def varies(cls, price: Price) -> Self:
        return cls(f"The price of this {price.variation}, so it can't be bought here. Please contact us.")

    @classmethod
    def other_currency(cls, theirs: str, wanted: str) -> Self:
        theirs, wanted = theirs.upper(), wanted.upper()
        return cls(f"Your subscriptions are billed in {theirs}, and one in {wanted} can't be added to them.")

    @classmethod
    def being_changed_to(cls) -> Self:
        return cls("Your subscription is being changed to this plan right now. Please try again in six minutes.")

    @classmethod
    def bought_before(cls, *, is_subscription: bool) -> Self:
        what = "subscription to this" if is_subscription else "purchase of this"
        return cls(
            f"There is a {what} with your address already, which is not part of this account. Add it on your account "
            "page, so that you don't pay twice."
        )

    @classmethod
    def refused(cls, error: StripeRefused) -> Self:
        return cls(f"The purchase could not be started: {error.message}")

    @classmethod
    def too_little(cls, total: int, currency: str) -> Self:
        total_shown, least = money.display(total, currency), money.display(money.least(currency), currency)
        return cls(f"This comes to {total_shown}, and a payment must be at least {least}.")

    @classmethod
    def too_much(cls, currency: str) -> Self:
        return cls(f"This comes to more than {money.display(money.most(currency), currency)}, the most that one pays.")

    @classmethod
    def bad_quantity(cls) -> Self:
        return cls(f"The quantity must be between 1 and {MAX_QUANTITY}.")


class NotByQuantity(CannotBuy):
    """More than one was asked for of a product that is not sold by quantity."""

    @classmethod
    def of(cls, product_name: str) -> Self:
        return cls(f"“{product_name}” is not sold by quantity, so the quantity must be 1.")


class NoSuchPrice(CannotBuy):
    """No price has this id."""


class OtherMode(CannotBuy):
    """The price is a subscription and the caller expects a payment, or the other way round."""

    @classmethod
    def than(cls, mode: str) -> Self:
        return cls(f"This price is sold as a {mode}.")


class CheckoutLeftOpen(StripeUnavailable):
    """A subscription was changed to a plan, and a checkout of the same plan could not be expired."""

    @property
    def for_people(self) -> str:
        return (
            "Your plan was changed. But you have started to buy the same plan, and that checkout could not be closed: "
            "please don't pay there."
        )

    @property
    def for_staff(self) -> str:
        return f"{self.for_people} ({self.message})"


class NotYourSession(Exception):
    """There is no such checkout session, or it is another person's."""
