"""Changes of the catalog that are not possible, with what to do instead; the messages are for staff."""

from collections.abc import Iterable
from typing import Self

from billing.errors import StripeRefused
from billing.models import Price, Product, PromotionCode


class NotOnSale(Exception):
    """The price was replaced or archived, so it can't be changed."""

    @classmethod
    def replaced_or_archived(cls, price: Price) -> Self:
        return cls(f"{price} is not on sale any more: it was replaced or archived.")


class ChangedMeanwhile(Exception):
    """Somebody else changes a price of the product at the same time, or has just changed it."""

    @classmethod
    def right_now(cls, product: Product) -> Self:
        return cls(f"The prices of {product.name} are being changed right now. Please try again in a moment.")

    @classmethod
    def before_this(cls, product: Product) -> Self:
        return cls(
            f"The price of {product.name} was changed by somebody else meanwhile. Please look at it, and try again."
        )


class HasOtherCurrencies(Exception):
    """The price also has amounts in other currencies, which a new price would lose."""

    @classmethod
    def besides_its_own(cls, price: Price, codes: Iterable[str]) -> Self:
        named = ", ".join(code.upper() for code in codes)
        return cls(
            f"{price} also has its own amount in {named}, which a replacement would lose. Add the new price in "
            "Stripe's dashboard, with all its currencies, and archive this one. Nothing was changed."
        )


class HasOtherTerms(Exception):
    """The price has other terms that a new price would lose."""

    @classmethod
    def not_carried(cls, price: Price, names: Iterable[str]) -> Self:
        return cls(
            f"{price} has {', '.join(names)}, which a replacement would lose. Add the new price in Stripe's "
            "dashboard, and archive this one. Nothing was changed."
        )


class NotAllowed(StripeRefused):
    """A change that Stripe does not allow; the message says what to do instead."""

    @classmethod
    def archiving_the_default(cls, product: Product) -> Self:
        return cls(
            f"This can't be archived because it is the default price of its product {product.name}. Make another "
            "price of it the default first; or archive the product, if it is not to be sold any more."
        )

    @classmethod
    def archived_default(cls) -> Self:
        return cls("An archived price can't be the default. Restore it first.")

    @property
    def for_staff(self) -> str:
        return self.message


class AlreadyCreated(NotAllowed):
    """An earlier request with other terms has created the object, although its answer was lost; it has a row now."""

    @classmethod
    def as_first_asked(cls, product: Product) -> Self:
        return cls(
            f"“{product.name}” was created after all, as it was first asked for, when no answer came. Change it on "
            "its page instead of creating it again."
        )

    @classmethod
    def price_as_first_asked(cls, price: Price) -> Self:
        return cls(
            f"“{price}” was added after all, as it was first asked for, when no answer came. Open this page again: "
            "archive that price if it is wrong, or add another one beside it."
        )

    @classmethod
    def code_as_first_asked(cls, code: PromotionCode) -> Self:
        return cls(
            f"“{code.code}” was created after all, as it was first asked for, when no answer came: "
            f"{code.discount_display}. Archive it first if it is wrong, and create it again then."
        )
