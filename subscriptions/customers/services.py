"""A person's Stripe customer: created once, archived when nothing runs, restored when the person comes back."""

import logging
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Self

from django.conf import settings
from django.db.models import F, Max
from django.db.models.functions import Coalesce

from billing import gateway, idempotency
from billing.errors import StripeFailure, StripeRefused, StripeUnavailable
from billing.gateway.snapshots import Snapshot
from billing.linked import linked
from billing.mirror import engine
from billing.models import Installation
from subscriptions import limits
from subscriptions.limits import Try
from subscriptions.mirror import kinds
from subscriptions.mirror.mapping import ACCOUNT, INSTALLATION, USER
from subscriptions.models import BillingAccount, Customer, ErasedCustomer, LinkedCustomer, Subscription
from subscriptions.user_model import User, full_name_of

if TYPE_CHECKING:
    from stripe import params as p

logger = logging.getLogger(__name__)

# Of the newest customers; one without an address can't be asked for by it.
MAX_PAGES = 10


class CannotArchive(Exception):
    """The customer can't be archived; the message says why."""

    @classmethod
    def has_running(cls, subscription: Subscription) -> Self:
        standing = subscription.status_label.lower()
        return cls(f"{subscription.pk} is running ({standing}). Cancel it in Stripe's dashboard first.")


class Ensured(NamedTuple):
    customer: Customer
    is_new: bool


def ensure(user: User) -> Customer:
    """Return the person's Stripe customer, created or restored if necessary; simultaneous calls create only one.

    Raises StripeUnavailable, StripeRefused or StripeMisconfigured if a customer has to be created and can't be.
    """
    return ensured(user).customer


def ensured(user: User) -> Ensured:
    """Like `ensure`, and say whether the customer was created by this call."""
    account, is_new = _account_of(user)
    if account.customer is None or account.customer.is_deleted:
        return Ensured(_make(account, is_first_try=is_new), is_new=True)
    restore(account.customer)
    return Ensured(account.customer, is_new=False)


def ensure_at_sign_in(user: User, *, now: datetime) -> None:
    """Like `ensure`, but without errors: people can sign in while Stripe is away, and the next call tries again.

    Staff sign in to work; they become customers when they buy. A flood of sign-ups makes a few customers a minute, and
    the others get theirs when it is needed.
    """
    if getattr(user, "is_staff", False):
        return
    try:
        with gateway.quickly():
            if not _has_customer(user):
                limits.take(Try("customer at sign-in", "", settings.SIGN_IN_CUSTOMERS_PER_MINUTE, 60), now=now)
            ensure(user)
    except (StripeFailure, limits.TooMany) as error:
        logger.warning("no Stripe customer for user %s yet: %s", user.pk, type(error).__name__)


def ensure_known(customer_id: str) -> None:
    """Fetch a customer that was created elsewhere, unless there is a row already."""
    if not Customer.objects.filter(pk=customer_id).exists():
        engine.apply_answer(kinds.CUSTOMER, customer_id, lambda: gateway.retrieve_customer(customer_id))


def ids_of(user: User) -> set[str]:
    """Return the ids of all customers who are this person: the present one, earlier ones, those with the address."""
    account = BillingAccount.objects.filter(user=user).first()
    ids = set(BillingAccount.objects.customer_ids_of(user)) if account else set()
    if account:
        ids |= set(Customer.objects.filter(named_account=str(account.pk)).values_list("pk", flat=True))
    if user.email:
        ids |= set(Customer.objects.filter(email=user.email).values_list("pk", flat=True))
    return ids


def account_of(user: User) -> BillingAccount:
    """Return the person's account, made if there is none; nothing is created at Stripe."""
    return _account_of(user)[0]


def archive(customer: Customer, *, now: datetime) -> None:
    """Remove a customer from every list. It can be restored, and nothing changes at Stripe.

    Raises CannotArchive if a subscription is running: the next sync would restore the customer.
    """
    running = customer.subscriptions.filter(is_deleted=False).exclude(status__in=Subscription.INACTIVE).first()
    if running is not None:
        raise CannotArchive.has_running(running)
    Customer.objects.filter(pk=customer.pk, archived_at=None).update(archived_at=now)


def restore(customer: Customer) -> None:
    """Restore an archived customer; only a subscription that ends from now on archives it again."""
    if customer.archived_at is None:
        return
    newest_end = customer.subscriptions.filter(status__in=Subscription.INACTIVE).aggregate(
        newest=Max(Coalesce("ended_at", "canceled_at", "current_period_end_at"))
    )["newest"]
    Customer.objects.filter(pk=customer.pk).update(archived_at=None, restored_after=newest_end)
    customer.archived_at, customer.restored_after = None, newest_end


def unlink(customer_id: str) -> None:
    """Unlink a customer that Stripe does not know from its person, who gets another when one is needed."""
    LinkedCustomer.objects.filter(pk=customer_id).delete()
    BillingAccount.objects.filter(customer_id=customer_id).update(customer=None, attempt=F("attempt") + 1)


def _has_customer(user: User) -> bool:
    customer_id = BillingAccount.objects.filter(user=user).values_list("customer_id", flat=True).first()
    return bool(customer_id) and Customer.objects.filter(pk=customer_id, is_deleted=False).exists()


def _account_of(user: User) -> tuple[BillingAccount, bool]:
    accounts = linked(BillingAccount.objects.all(), "customer")
    known = {"email": user.email, "seen_email": user.email, "seen_name": full_name_of(user)}
    return accounts.get_or_create(user=user, defaults=known)


def _make(account: BillingAccount, *, is_first_try: bool) -> Customer:
    if account.customer_id:
        account = _next_attempt(account)
    answer = (None if is_first_try else _made_before(account)) or _create(account)
    customer = engine.apply_snapshot(kinds.CUSTOMER, answer).row
    if customer is None:
        raise StripeUnavailable("The customer was deleted a moment ago.")
    BillingAccount.objects.filter(pk=account.pk, attempt=account.attempt).update(customer=customer)
    return customer


def _create(account: BillingAccount) -> Snapshot:
    params: p.CustomerCreateParams = {
        "metadata": {
            ACCOUNT: str(account.pk),
            INSTALLATION: Installation.current_id(),
            USER: str(account.user_id),
        },
    }
    if account.email:
        params["email"] = account.email
    key = idempotency.key("customer", account.pk, account.attempt)
    try:
        return gateway.create_customer(params, key=key)
    except StripeUnavailable as error:
        if error.answered_500:
            # The next try looks first for what this one may have made.
            _next_attempt(account)
        raise
    except StripeRefused as error:
        if error.param != "email":
            raise
        # Stripe accepts fewer addresses than we do. Its payment page asks for one.
        return _create(_next_attempt(account, email=""))


def _made_before(account: BillingAccount) -> Snapshot | None:
    """Find the customer of an earlier attempt whose answer was lost; Stripe may have dropped that attempt's key."""
    pages = [gateway.customers_by_email(account.email)] if account.email else gateway.customer_pages()
    for page in islice(pages, MAX_PAGES):
        for snapshot in page.snapshots():
            is_ours = (snapshot.object.get("metadata") or {}).get(ACCOUNT) == str(account.pk)
            if is_ours and not ErasedCustomer.objects.filter(pk=snapshot.id).exists():
                return snapshot
    return None


def _next_attempt(account: BillingAccount, **changes: str) -> BillingAccount:
    """Start a new attempt, with another idempotency key, unless another process has done so already."""
    as_seen = BillingAccount.objects.filter(pk=account.pk, attempt=account.attempt, customer=account.customer_id)
    as_seen.update(attempt=F("attempt") + 1, customer=None, **changes)
    return BillingAccount.objects.get(pk=account.pk)
