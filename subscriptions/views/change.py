"""Change a plan or a quantity: the page shows what it costs, and a POST does it."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.errors import StripeRefused
from billing.linked import linked
from billing.models import Price
from subscriptions.models import Subscription
from subscriptions.plans import change as changes
from subscriptions.plans import preview
from subscriptions.plans.errors import MAX_QUANTITY, CannotChange, SubscriptionRefusal
from subscriptions.views.shared import SignedInRequest, own_subscription, refuse, refuse_two_answers

NOW = "now"
PERIOD_END = "period_end"


class ChangeForm(forms.Form):
    """The quantity, and when the change takes effect."""

    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)
    when = forms.ChoiceField(choices=[(NOW, "Now"), (PERIOD_END, "At the end of the paid period")], required=False)


@require_GET
@never_cache
@login_required
def choose(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    """Show the prices that this subscription can change to."""
    subscription = own_subscription(request, subscription_id)
    context = {
        "subscription": subscription,
        "refusal": changes.why_not(subscription=subscription),
        "prices": changes.choices(subscription=subscription),
        "has_other_currencies": changes.are_some_in_other_currencies(subscription=subscription),
    }
    return render(request, "subscriptions/change_choose.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
@refuse_two_answers
def change(request: SignedInRequest, subscription_id: str, price_id: str) -> HttpResponse:
    """Show what a change costs, in Stripe's figures; a POST confirms exactly that."""
    subscription = own_subscription(request, subscription_id)
    price = linked(Price.objects.filter(pk=price_id), "product").first()
    if price is None:
        raise Http404("no such price")
    form = ChangeForm(request.POST or request.GET)
    if not form.is_valid():
        return refuse(request, str(CannotChange.bad_quantity()))
    quantity = form.cleaned_data["quantity"] or changes.usual_quantity(subscription=subscription, price=price)
    try:
        changes.check_change(subscription=subscription, price=price, quantity=quantity)
        if request.method == "POST":
            return _change(request, subscription, price, form)
    except SubscriptionRefusal as refusal:
        return refuse(request, str(refusal))
    except preview.StalePreview as stale:
        messages.info(request, f"{stale} Here are the figures as they are now. Please confirm them.")
    return _preview(request, subscription, price, quantity)


@require_POST
@login_required
def undo_change(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    try:
        changes.undo_scheduled_change(subscription=subscription)
    except SubscriptionRefusal as refusal:
        return refuse(request, str(refusal))
    messages.success(request, "The scheduled change is undone. Your plan stays as it is.")
    return redirect("account")


def _preview(request: SignedInRequest, subscription: Subscription, price: Price, quantity: int) -> HttpResponse:
    context = {
        "subscription": subscription,
        "price": price,
        "quantity": quantity,
        "preview": preview.preview(subscription=subscription, price=price, quantity=quantity),
        "can_wait": changes.can_wait(subscription=subscription, price=price, quantity=quantity),
    }
    return render(request, "subscriptions/change_preview.html", context)


def _change(request: SignedInRequest, subscription: Subscription, price: Price, form: ChangeForm) -> HttpResponse:
    token = request.POST.get("preview", "")
    quantity, proration_date = preview.read_token(token, subscription=subscription, price=price)
    if form.cleaned_data["when"] == PERIOD_END:
        changes.schedule_change(subscription=subscription, price=price, quantity=quantity)
        messages.success(request, "Your plan will change at the end of the paid period.")
        return redirect("account")
    try:
        changes.change(subscription=subscription, price=price, quantity=quantity, proration_date=proration_date)
    except StripeRefused as refusal:
        return refuse(request, f"{_unchanged_message(subscription, refusal)}: {changes.reason_for_people(refusal)}")
    messages.success(request, "Your plan is changed.")
    return redirect("account")


def _unchanged_message(subscription: Subscription, refusal: StripeRefused) -> str:
    """Return what a refused change leaves: a scheduled one is undone before another is tried."""
    if subscription.pending_change:
        return "Your plan stays as it is, and the scheduled change is undone"
    return "Your plan stays as it is" if refusal.may_be_done else "Nothing was changed"
