"""A person's subscriptions, payments and invoices, read from the mirror.

Stripe is called for the billing portal, and for a checkout that may have been paid a moment ago.
"""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from billing.errors import StripeFailure
from billing.linked import linked
from subscriptions.checkout import unsettled
from subscriptions.customers import linking, portal
from subscriptions.models import (
    BillingAccount,
    CheckoutSession,
    Customer,
    Invoice,
    Payment,
    Refund,
    StatusChange,
    Subscription,
    SubscriptionSchedule,
)
from subscriptions.plans import amounts, outlook
from subscriptions.views.shared import SignedInRequest, see_other

PAYMENTS_A_PAGE = 20
INVOICES_A_PAGE = 20
INVOICES_ON_ACCOUNT = 5


@require_GET
@never_cache
@login_required
def account(request: SignedInRequest) -> HttpResponse:
    customer_ids = BillingAccount.objects.customer_ids_of(request.user)
    # If Stripe is away, the page shows what is known here.
    with suppress(StripeFailure):
        unsettled.look_up_latest(user=request.user, customer_ids=customer_ids)
    theirs = {"customer__in": customer_ids, "is_deleted": False}
    subscriptions = Subscription.objects.filter(**theirs)
    payments = Payment.objects.filter(**theirs)
    invoices = Invoice.objects.filter(**theirs)
    customers = Customer.objects.of_or_with_address_of(request.user, customer_ids)
    links = ("price", "product", "schedule__next_price__product", "latest_invoice")
    page = _page_of(linked(payments, "product"), request.GET.get("page"))
    newest = list(invoices.exclude(status=Invoice.Status.DRAFT)[:INVOICES_ON_ACCOUNT])
    _attach_refunds(page.object_list, newest)
    held = sorted(linked(subscriptions, *links), key=lambda one: one.has_ended)
    _attach_customers(held, customers)
    _attach_subscriptions(newest, held)
    _attach_awaited(held)
    _attach_bills(held)
    outlook.attach(held)
    amounts.prefetch(held)
    context = {
        "subscriptions": held,
        "upcoming": _upcoming(customer_ids),
        "payments": page,
        "invoices": newest,
        "receipts_go_to": _other_address(customers.get(next(iter(customer_ids), "")), request.user.email),
        "has_earlier_purchases": bool(linking.unowned_among(customers.values(), request.user, customer_ids)),
    }
    return render(request, "subscriptions/account.html", context)


def _upcoming(customer_ids: Collection[str]) -> list[SubscriptionSchedule]:
    """Return the schedules that begin a subscription of these customers later."""
    found = SubscriptionSchedule.objects.not_started().filter(customer__in=customer_ids)
    schedules = list(linked(found, "next_price__product"))
    outlook.attach_to_schedules(schedules)
    return schedules


def _page_of(payments: "QuerySet[Payment]", number: str | None) -> "Page[Payment]":
    """Return a page of payments. Most people have less than a page of them, which needs no count."""
    first = list(payments[: PAYMENTS_A_PAGE + 1])
    if len(first) <= PAYMENTS_A_PAGE:
        return Paginator(first, PAYMENTS_A_PAGE).get_page(number)
    page = Paginator(payments, PAYMENTS_A_PAGE).get_page(number)
    if page.number == 1:
        page.object_list = first[:PAYMENTS_A_PAGE]
    return page


def _other_address(customer: Customer | None, address: str) -> str:
    """Return where Stripe sends receipts, if that is not the person's address here."""
    at_stripe = customer.email if customer else ""
    return at_stripe if at_stripe != address else ""


@require_GET
@never_cache
@login_required
def invoices(request: SignedInRequest) -> HttpResponse:
    theirs = Invoice.objects.of(request.user)
    shown = linked(theirs.exclude(status=Invoice.Status.DRAFT), "subscription__product")
    page = Paginator(shown.prefetch_related("refunds"), INVOICES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "subscriptions/invoices.html", {"invoices": page})


@require_GET
@never_cache
@login_required
def history(request: SignedInRequest) -> HttpResponse:
    """Show every change of this person's subscriptions, newest first."""
    changes = StatusChange.objects.of(request.user)
    links = ("subscription__product", "from_price__product", "to_price__product")
    page = Paginator(linked(changes, *links), INVOICES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "subscriptions/history.html", {"changes": page})


def _attach_awaited(subscriptions: Iterable[Subscription]) -> None:
    """Give each subscription that waits for its first payment its `awaited`, in one query; usually there is none."""
    waiting = {one.pk: one for one in subscriptions if one.status == Subscription.Status.INCOMPLETE}
    if not waiting:
        return
    sessions = CheckoutSession.objects.filter(subscription__in=list(waiting)).exclude(awaits="")
    found = {session.subscription_id: session for session in sessions}
    for pk, subscription in waiting.items():
        subscription.awaited = found.get(pk)


def _attach_bills(subscriptions: Iterable[Subscription]) -> None:
    """Set `open_bills` of each subscription that is billed by invoices; one query, none without such subscriptions."""
    sent = [one for one in subscriptions if one.is_sent_invoices]
    bills = list(Invoice.objects.payable().filter(subscription__in=[one.pk for one in sent])) if sent else []
    for one in sent:
        one.open_bills = one.in_order_of_payment(bill for bill in bills if bill.subscription_id == one.pk)


def _attach_refunds(payments: Iterable[Payment], invoices: Iterable[Invoice]) -> None:
    """Give each payment its `refunds` and each invoice its `given_back`, in one query."""
    intents = {payment.payment_intent_id for payment in payments} - {""}
    refunds = list(Refund.objects.filter(Q(payment_intent_id__in=intents) | Q(invoice__in=invoices)))
    for payment in payments:
        # Only the payment intent's id links the two.
        payment.refunds = [one for one in refunds if one.payment_intent_id == payment.payment_intent_id in intents]
    for invoice in invoices:
        invoice.given_back = [one for one in refunds if one.invoice_id == invoice.pk]


def _attach_customers(held: Iterable[Subscription], customers: Mapping[str, Customer]) -> None:
    """Give each subscription its customer, who was read already."""
    for subscription in held:
        subscription.customer = customers.get(str(subscription.customer_id))


def _attach_subscriptions(invoices: Iterable[Invoice], held: Iterable[Subscription]) -> None:
    """Give each invoice its subscription, which was read already."""
    by_id = {subscription.pk: subscription for subscription in held}
    for invoice in invoices:
        if invoice.subscription_id in by_id:
            invoice.subscription = by_id[invoice.subscription_id]


@require_POST
@login_required
def billing_portal(request: SignedInRequest) -> HttpResponse:
    return see_other(portal.create_session(request.user, return_url=settings.SITE_URL + reverse("account")))
