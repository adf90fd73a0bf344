"""Cancel and resume a subscription: the page says what will happen, and a POST does it."""

from contextlib import suppress

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateformat import format as format_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from billing.errors import StripeFailure
from subscriptions.models import Invoice, Subscription
from subscriptions.plans import cancel as cancelling
from subscriptions.plans import final_invoice
from subscriptions.plans.errors import SubscriptionRefusal
from subscriptions.plans.final_invoice import LastBill
from subscriptions.views.shared import SignedInRequest, own_subscription, refuse, refuse_two_answers

NOW = "now"
PERIOD_END = "period_end"


def _when(period_end: str) -> forms.ChoiceField:
    choices = [(PERIOD_END, period_end), (NOW, "Now")]
    return forms.ChoiceField(choices=choices, initial=PERIOD_END, widget=forms.RadioSelect)


class CancelForm(forms.Form):
    """When the subscription ends, and why."""

    when = _when("At the end of the paid period")
    feedback = forms.ChoiceField(
        choices=[("", "I'd rather not say"), *Subscription.CancellationFeedback.choices],
        required=False,
        label="Why are you leaving?",
    )
    comment = forms.CharField(
        max_length=cancelling.MAX_COMMENT, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class TrialCancelForm(CancelForm):
    """The same for a trial, whose period is not paid."""

    when = _when("At the end of the free trial")


@require_http_methods(["GET", "POST"])
@never_cache
@login_required
@refuse_two_answers
def cancel(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    of_its_kind = TrialCancelForm if subscription.on_trial else CancelForm
    form = of_its_kind(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _cancel(request, subscription, form)
    context = {
        "subscription": subscription,
        "form": form,
        "last_bill": _last_bill(subscription),
        "open_invoices": Invoice.objects.payable_of(subscription),
    }
    return render(request, "subscriptions/cancel.html", context, status=400 if form.errors else 200)


@require_POST
@login_required
def resume(request: SignedInRequest, subscription_id: str) -> HttpResponse:
    subscription = own_subscription(request, subscription_id)
    try:
        resumed = cancelling.resume(subscription=subscription)
    except SubscriptionRefusal as refusal:
        return refuse(request, str(refusal), pay_at=refusal.pay_at)
    _say_resumed(request, before=subscription, after=resumed)
    return redirect("account")


def _say_resumed(request: SignedInRequest, *, before: Subscription, after: Subscription) -> None:
    if after.status == Subscription.Status.PAST_DUE:
        messages.warning(request, "Your subscription continues, but its payment failed.")
    elif after.status == Subscription.Status.PAUSED and before.cancels_at:
        messages.success(request, "Your subscription is no longer cancelled. It is still paused.")
    elif after.status == Subscription.Status.PAUSED:
        messages.info(request, "Your subscription continues as soon as its payment has gone through.")
    elif after.cancels_at:
        messages.success(request, f"Your subscription continues until {format_date(after.cancels_at, 'j F Y')}.")
    else:
        messages.success(request, "Your subscription continues.")


def _cancel(request: SignedInRequest, subscription: Subscription, form: CancelForm) -> HttpResponse:
    reason = cancelling.Reason(form.cleaned_data["feedback"], form.cleaned_data["comment"])
    end = cancelling.cancel_now if form.cleaned_data["when"] == NOW else cancelling.cancel
    try:
        ended = end(subscription=subscription, reason=reason)
    except SubscriptionRefusal as refusal:
        return refuse(request, str(refusal))
    if _was_unpaid_order(subscription, ended):
        messages.success(request, "Your order is cancelled, and nothing is charged.")
    elif ended.has_ended:
        messages.success(request, f"Your subscription has ended.{_still_owed(ended)}")
    else:
        period = "free trial" if ended.on_trial else "paid period"
        messages.success(request, f"Your subscription will end with the {period}. Until then nothing changes.")
    return redirect("account")


def _was_unpaid_order(before: Subscription, after: Subscription) -> bool:
    """Whether it was ended before its first payment, which was not made meanwhile."""
    if before.status != Subscription.Status.INCOMPLETE or after.is_running:
        return False
    invoice = after.latest_invoice
    return invoice is None or invoice.status in Invoice.CLOSED_UNPAID


def _still_owed(subscription: Subscription) -> str:
    """Name the invoices that are still to be paid."""
    open_ones = Invoice.objects.payable_of(subscription)
    owed = [f"{one} of {one.remaining_display}" for one in open_ones if one.stays_owed]
    return f" Still to be paid: invoice {' and '.join(owed)}." if owed else ""


def _last_bill(subscription: Subscription) -> LastBill | None:
    if subscription.has_ended:
        return None
    # Without the figure, the page says it in words: cancelling must not wait for Stripe.
    with suppress(StripeFailure):
        return final_invoice.preview(subscription=subscription)
    return None
