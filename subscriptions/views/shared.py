"""Shared by the views: the signed-in request, its subscription, a redirect and a refusal."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from billing.linked import linked
from subscriptions.models import Subscription
from subscriptions.plans import outlook
from subscriptions.user_model import User

TWO_ANSWERS = "The form came with two answers to one question, so nothing was done. Please choose one and try again."


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def own_subscription(request: SignedInRequest, subscription_id: str) -> Subscription:
    """Return the person's own subscription; 404 for anyone else's."""
    links = ("customer", "price", "product", "schedule__next_price__product", "latest_invoice")
    subscription = linked(Subscription.objects.of(request.user).filter(pk=subscription_id), *links).first()
    if subscription is None:
        raise Http404("no such subscription")
    outlook.attach([subscription])
    return subscription


def refuse(request: HttpRequest, message: str, *, pay_at: str = "") -> HttpResponse:
    """Say why something is not possible; `pay_at` is the page of an invoice that it waits for."""
    return render(request, "subscriptions/refused.html", {"message": message, "pay_at": pay_at}, status=400)


def refuse_two_answers(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view: a form that gives a field twice is refused. Django takes the last value, which may be "now"."""

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if any(len(values) > 1 for _, values in request.POST.lists()):
            return refuse(request, TWO_ANSWERS)
        return view(request, *args, **kwargs)

    return checked
