"""Cancel a one-time order that is not paid yet: the page says what happens, and a POST does it."""

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.linked import linked
from subscriptions import stripe_clock
from subscriptions.models import Payment
from subscriptions.payments import end_purchase
from subscriptions.plans.errors import SubscriptionRefusal
from subscriptions.views.shared import SignedInRequest, refuse


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def cancel_order(request: SignedInRequest, payment_id: uuid.UUID) -> HttpResponse:
    order = linked(Payment.objects.of(request.user), "product").filter(pk=payment_id).first()
    if order is None:
        raise Http404("no such order")
    if request.method == "GET" or not order.can_be_cancelled:
        status = 200 if request.method == "GET" else 400
        return render(request, "subscriptions/cancel_order.html", {"order": order}, status=status)
    try:
        end_purchase.end_access(payments=[order], now=stripe_clock.now())
    except SubscriptionRefusal as refusal:
        return refuse(request, str(refusal))
    messages.success(request, "Your order is cancelled, and nothing is charged.")
    return redirect("account")
