"""Changing, cancelling and resuming a subscription: each page shows first what will happen, and a POST does it."""

from contextlib import suppress

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.errors import StripeFailure, StripeRefused
from billing.models import Price
from subscriptions.models import Subscription
from subscriptions.plans import cancel as lifecycle
from subscriptions.plans import change as changes
from subscriptions.plans import final_invoice, preview
from subscriptions.plans.final_invoice import LastBill
from subscriptions.views.requests import SignedInRequest

NOW = "now"
PERIOD_END = "period_end"


class CancelForm(forms.Form):
    """When to end, and why."""

    when = forms.ChoiceField(
        choices=[(PERIOD_END, "At the end of the paid period"), (NOW, "Now")],
        initial=PERIOD_END,
        widget=forms.RadioSelect,
    )
    feedback = forms.ChoiceField(
        choices=[("", "I'd rather not say"), *lifecycle.FEEDBACK.items()], required=False, label="Why are you leaving?"
    )
    comment = forms.CharField(
        max_length=lifecycle.MAX_COMMENT, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ChangeForm(forms.Form):
    """How many, and when."""

    quantity = forms.IntegerField(min_value=1, max_value=changes.MAX_QUANTITY, required=False)
    when = forms.ChoiceField(choices=[(NOW, "Now"), (PERIOD_END, "At the end of the paid period")], required=False)


@require_GET
@never_cache
@login_required
def choose(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    """The other prices that this subscription can change to."""
    subscription = _theirs(request, subscription_id)
    context = {"subscription": subscription, "prices": changes.choices(subscription=subscription)}
    return render(request, "subscriptions/change_choose.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def change(request: SignedInRequest, subscription_id: str, price_id: str) -> HttpResponse:
    """Show what a change costs, in Stripe's figures; confirmed, do exactly that."""
    subscription = _theirs(request, subscription_id)
    price = Price.objects.select_related("product").filter(pk=price_id).first()
    if price is None:
        raise Http404("no such price")
    form = ChangeForm(request.POST or request.GET)
    if not form.is_valid():
        return _refuse(request, str(changes.CannotChange.bad_quantity()))
    quantity = form.cleaned_data["quantity"] or changes.usual_quantity(subscription=subscription, price=price)
    try:
        changes.check_change(subscription=subscription, price=price, quantity=quantity)
        if request.method == "POST":
            return _change(request, subscription, price, form)
    except lifecycle.LifecycleRefusal as refusal:
        return _refuse(request, str(refusal))
    except preview.StalePreview as stale:
        messages.info(request, f"{stale} Here are the figures as they are now; nothing was changed.")
    return _preview(request, subscription, price, quantity)


@require_POST
@login_required
def undo_change(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = _theirs(request, subscription_id)
    try:
        changes.undo_scheduled_change(subscription=subscription)
    except lifecycle.LifecycleRefusal as refusal:
        return _refuse(request, str(refusal))
    messages.success(request, "The change is called off. Your plan stays as it is.")
    return redirect("account")


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
def cancel(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = _theirs(request, subscription_id)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _cancel(request, subscription, form)
    context = {"subscription": subscription, "form": form, "last_bill": _last_bill(subscription)}
    return render(request, "subscriptions/cancel.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def resume(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = _theirs(request, subscription_id)
    try:
        resumed = lifecycle.resume(subscription=subscription)
    except lifecycle.LifecycleRefusal as refusal:
        return _refuse(request, str(refusal))
    if resumed.status == Subscription.Status.PAST_DUE:
        messages.warning(request, "Your subscription goes on, but its payment failed.")
    else:
        messages.success(request, "Your subscription goes on.")
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
    quantity, proration_date = preview.seen(token, subscription=subscription, price=price)
    if form.cleaned_data["when"] == PERIOD_END:
        changes.schedule_change(subscription=subscription, price=price, quantity=quantity)
        messages.success(request, "Your plan will change at the end of the paid period.")
        return redirect("account")
    try:
        changes.change(subscription=subscription, price=price, quantity=quantity, proration_date=proration_date)
    except StripeRefused as refusal:
        return _refuse(request, f"{_what_stays(subscription)}: {refusal.message}")
    messages.success(request, "Your plan is changed.")
    return redirect("account")


def _what_stays(subscription: Subscription) -> str:
    """What to say of a change that was refused: one that waited is called off before another is tried."""
    if subscription.pending_change:
        return "Your plan stays as it is, and the change that was waiting is called off"
    return "Nothing was changed"


def _cancel(request: SignedInRequest, subscription: Subscription, form: CancelForm) -> HttpResponse:
    reason = lifecycle.Reason(form.cleaned_data["feedback"], form.cleaned_data["comment"])
    end = lifecycle.cancel_now if form.cleaned_data["when"] == NOW else lifecycle.cancel
    try:
        ended = end(subscription=subscription, reason=reason)
    except lifecycle.LifecycleRefusal as refusal:
        return _refuse(request, str(refusal))
    if ended.has_ended:
        messages.success(request, "Your subscription has ended.")
    else:
        messages.success(request, "Your subscription will end with the paid period. Until then nothing changes.")
    return redirect("account")


def _last_bill(subscription: Subscription) -> LastBill | None:
    if subscription.has_ended:
        return None
    # The page says in words what it can't say in figures: cancelling must not wait for them.
    with suppress(StripeFailure):
        return final_invoice.preview(subscription=subscription)
    return None


def _theirs(request: SignedInRequest, subscription_id: str) -> Subscription:
    """The person's own subscription; anybody else's is as good as none."""
    links = ("customer", "price", "product", "schedule__next_price__product", "latest_invoice")
    subscription = Subscription.objects.of(request.user).select_related(*links).filter(pk=subscription_id).first()
    if subscription is None:
        raise Http404("no such subscription")
    return subscription


def _refuse(request: SignedInRequest, message: str) -> HttpResponse:
    return render(request, "subscriptions/refused.html", {"message": message}, status=400)
