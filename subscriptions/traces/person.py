"""The texts that name a person: their addresses and names, and the ids of everything that belongs to them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

from django.db.models import Q

from subscriptions.models import (
    BillingAccount,
    CheckoutSession,
    ConfirmedAddress,
    Customer,
    Dispute,
    Invoice,
    Payment,
    Refund,
    Subscription,
    SubscriptionSchedule,
)
from subscriptions.user_model import User, full_name_of

ERASED = "(erased)"
TOKEN = re.compile(r"[\w-]+")
# A shorter name would be found in texts about other things: "a" in "a product".
SHORTEST_NAME = 3


@dataclass(frozen=True)
class Traces:
    """Texts that name a person. `payments` are the ids of objects that name no customer at Stripe."""

    ids: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    user_pk: Any = None

    def with_those_of(self, other: "Traces") -> "Traces":
        return Traces(
            self.ids | other.ids,
            self.payments | other.payments,
            self.addresses | other.addresses,
            self.names | other.names,
            self.user_pk if other.user_pk is None else other.user_pk,
        )

    def are_in(self, text: str, *, with_names: bool = True) -> bool:
        lower = text.lower()
        if any(address in lower for address in self.addresses):
            return True
        if with_names and self._named is not None and self._named.search(text):
            return True
        return not self.ids.isdisjoint(TOKEN.findall(text))

    def removed_from(self, value: Any) -> Any:
        """Return a text or a JSON value with ERASED in place of each text that names the person."""
        if isinstance(value, str):
            return self._replaced(value, lambda _: ERASED)
        if isinstance(value, list):
            return [self.removed_from(each) for each in value]
        if isinstance(value, dict):
            return {self.removed_from(key): self.removed_from(each) for key, each in value.items()}
        return value

    def masked(self, line: bytes) -> bytes:
        """Return a line of the same length with stars in place of each text that names the person."""
        text = line.decode(errors="surrogateescape")
        return self._replaced(text, _stars).encode(errors="surrogateescape") if self.are_in(text) else line

    def _replaced(self, text: str, by: Callable[[str], str]) -> str:
        text = TOKEN.sub(lambda found: by(found[0]) if found[0] in self.ids else found[0], text)
        for pattern in (self._addressed, self._named):
            text = pattern.sub(lambda found: by(found[0]), text) if pattern else text
        return text

    @cached_property
    def _addressed(self) -> "re.Pattern[str] | None":
        return _any_of(self.addresses)

    @cached_property
    def _named(self) -> "re.Pattern[str] | None":
        return _any_of(self.names, before=r"(?<!\w)", after=r"(?!\w)")


def of_user(user: User) -> Traces:
    """Return the texts that name a person who has an account here."""
    account = BillingAccount.objects.filter(user=user).first()
    confirmed = ConfirmedAddress.objects.filter(user=user).values_list("email", flat=True)
    addresses: list[str | None] = [getattr(user, user.get_email_field_name(), ""), *confirmed]
    names: list[str | None] = [user.get_username(), full_name_of(user)]
    if account:
        addresses += [account.email, account.seen_email]
        names += [account.seen_name, account.sent_name]
    return _traces(ids=[account.pk] if account else [], addresses=addresses, names=names, user_pk=user.pk)


def of_customer(customer_id: str) -> Traces:
    """Return the texts that name a customer: the ids of all their rows, and the address and name in the rows."""
    rows = Customer.objects.filter(pk=customer_id).values_list("email", "name", "named_account").first()
    email, name, account = rows or ("", "", "")
    subscriptions = _values(Subscription, "pk", customer=customer_id)
    payments = payments_of(customer_id)
    ids = [
        customer_id,
        account,
        *subscriptions,
        *payments,
        *_values(Invoice, "pk", customer=customer_id),
        *_values(SubscriptionSchedule, "pk", subscription__in=subscriptions),
        *_values(SubscriptionSchedule, "pk", customer=customer_id),
        *_values(CheckoutSession, "stripe_id", customer=customer_id),
        *_values(CheckoutSession, "pk", customer=customer_id),
        *_values(Payment, "pk", customer=customer_id),
    ]
    return _traces(ids=ids, payments=payments, addresses=[email], names=[name])


def payments_of(customer_id: str) -> set[str]:
    """Return the ids of a customer's payments, charges, refunds and disputes, which name no customer at Stripe."""
    paid = {
        *_values(Payment, "payment_intent_id", customer=customer_id),
        *_values(CheckoutSession, "payment_intent_id", customer=customer_id),
    } - {""}
    invoices = _values(Invoice, "pk", customer=customer_id)
    # Some are linked to what was paid, and not yet to the customer.
    theirs = Q(customer=customer_id) | Q(invoice__in=invoices) | Q(payment_intent_id__in=paid)
    refunds = Refund.objects.filter(theirs).order_by().values_list("pk", "payment_intent_id")
    disputes = Dispute.objects.filter(theirs).order_by().values_list("pk", "payment_intent_id", "charge_id")
    return {*paid, *chain.from_iterable([*refunds, *disputes])} - {""}


def _traces(
    *, ids: list[Any], addresses: list[Any], names: list[Any], payments: Any = (), user_pk: Any = None
) -> Traces:
    return Traces(
        ids=frozenset(str(each) for each in ids if each),
        payments=frozenset(payments),
        addresses=frozenset(each.lower() for each in addresses if each),
        names=frozenset(each for each in names if each and len(each) >= SHORTEST_NAME),
        user_pk=user_pk,
    )


def _values(model: Any, column: str, **where: Any) -> list[str]:
    return [str(each) for each in model._default_manager.filter(**where).order_by().values_list(column, flat=True)]


def _stars(text: str) -> str:
    return "*" * len(text.encode(errors="surrogateescape"))


def _any_of(texts: frozenset[str], *, before: str = "", after: str = "") -> "re.Pattern[str] | None":
    if not texts:
        return None
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile(f"{before}(?:{'|'.join(map(re.escape, longest_first))}){after}", re.IGNORECASE)
