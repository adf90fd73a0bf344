"""Purchases that a person pays twice, with one customer or several: find them, and cancel and refund the newer one.

Checkout prevents them, but a session or subscription that is made in Stripe's dashboard can still cause one.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Count, QuerySet

from billing import gateway, kept_requests
from billing.kept_requests import open_request
from billing.mirror.isolation import FailedObject
from billing.mirror.pages import apply_page
from subscriptions import stripe_clock
from subscriptions.mirror import kinds
from subscriptions.models import BillingAccount, Invoice, LinkedCustomer, Payment, Refund, Subscription
from subscriptions.payments import refunds
from subscriptions.payments.refunds import CannotRefund
from subscriptions.plans import cancel

# In the other statuses a subscription is not charged, so it is no duplicate.
PAYING = Subscription.GIVING_ACCESS | {Subscription.Status.PAST_DUE}

# What an open request of `cancel_and_refund` is about begins with this.
REFUNDING = "paid twice: "

Purchase = TypeVar("Purchase", Subscription, Payment)


def newer_subscriptions() -> list[Subscription]:
    """Return subscriptions whose person pays an older one to the same product as well.

    With them those that were cancelled as such, while it is not known whether all was refunded.
    """
    paying = _all_but_the_oldest(Subscription.objects.filter(status__in=PAYING, is_deleted=False))
    ids = [row.about.removeprefix(REFUNDING) for row in kept_requests.about_any(REFUNDING)]
    half_done = Subscription.objects.filter(pk__in=ids).exclude(pk__in=[one.pk for one in paying]) if ids else ()
    return [*paying, *half_done]


def newer_payments() -> list[Payment]:
    """Return one-time purchases whose person had bought the same product, if it can't be bought again."""
    return _all_but_the_oldest(Payment.objects.giving_access().filter(product__can_be_bought_again=False))


def cancel_and_refund(subscription: Subscription) -> list[Refund]:
    """Cancel a subscription now, and refund everything that was paid for it; returns the refunds.

    Raises SubscriptionRefusal, StripeUnavailable, StripeRefused, or CannotRefund if one of its invoices can't be read;
    calling it again continues where it stopped.
    """
    about = f"{REFUNDING}{subscription.pk}"
    with open_request("cancel_and_refund", subscription.pk, request_id=subscription.pk, about=about):
        return _cancel_and_refund(subscription)


def _cancel_and_refund(subscription: Subscription) -> list[Refund]:
    if subscription.is_running:
        subscription = cancel.cancel_now(subscription=subscription, is_last_invoice_wanted=False)
    # Copy the invoices first: one that is not here yet may be paid as well.
    failed: list[FailedObject] = []
    for page in gateway.invoice_pages(subscription_id=subscription.pk):
        failed += apply_page(kinds.INVOICE, page.snapshots()).failed
    made: list[Refund] = []
    for invoice in Invoice.objects.filter(subscription=subscription, amount_paid__gt=0):
        made += refunds.refund_invoice_in_full(invoice=invoice)
    if failed:
        raise CannotRefund.not_readable(failed[0].id, failed[0].reason)
    return made


def refund_duplicate(payment: Payment) -> list[Refund]:
    """Refund a one-time purchase in full and end its access; a free order only ends."""
    made = refunds.refund_payment_in_full(payment=payment)
    Payment.objects.filter(pk=payment.pk, access_ended_at=None).update(access_ended_at=stripe_clock.now())
    return made


def amount_to_refund(subscription: Subscription) -> int:
    """Return what was paid for a subscription and is not refunded, by the invoices here, in the minor unit."""
    paid = dict(Invoice.objects.filter(subscription=subscription.pk).values_list("pk", "amount_paid"))
    refunded = Refund.objects.filter(invoice__in=list(paid), status__in=Refund.STANDING)
    return max(0, sum(paid.values()) - sum(refunded.values_list("amount", flat=True)))


def _all_but_the_oldest(purchases: "QuerySet[Purchase]") -> list[Purchase]:
    counts = purchases.order_by().values("customer_id", "product_id").annotate(count=Count("pk"))
    several = {row["customer_id"] for row in counts.filter(count__gt=1)}
    owners = _owners_of_several()
    candidates = purchases.filter(customer__in=several | owners.keys()).select_related("product", "customer")
    return list(_newer(candidates.order_by("stripe_created_at", "pk"), owners))


def _owners_of_several() -> dict[str, str]:
    """Return the account of each customer whose person has several customers, by the customer's id."""
    linked = {pk: str(account) for pk, account in LinkedCustomer.objects.values_list("pk", "account_id")}
    accounts = BillingAccount.objects.filter(pk__in=set(linked.values())).exclude(customer=None) if linked else ()
    return linked | {str(account.customer_id): str(account.pk) for account in accounts}


def _newer(purchases: Iterable[Purchase], owners: dict[str, str]) -> Iterable[Purchase]:
    seen: set[tuple[str, str]] = set()
    for purchase in purchases:
        customer_id = str(purchase.customer_id)
        pair = (owners.get(customer_id, customer_id), str(purchase.product_id))
        if pair in seen:
            yield purchase
        seen.add(pair)
