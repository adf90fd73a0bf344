"""Actions on chosen rows that first show what they do and what that costs, and act once that is confirmed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from billing import gateway
from billing.errors import StripeFailure
from subscriptions.admin.read_only import OneChoiceFilter
from subscriptions.payments.refunds import CannotRefund
from subscriptions.plans.errors import SubscriptionRefusal

CONFIRMED = "confirmed"

REFUND_COSTS = (
    "Stripe keeps its fees for payments that are refunded. A refund can't be undone, and takes some days to arrive."
)


@dataclass(frozen=True)
class ConfirmedAction:
    """`name` is the action's in the admin. The list offers it while one of the filters `offered_with` is chosen.

    `effects` returns sentences that say what it does with one row, and `costs` says what holds for all rows. `act`
    does it and returns what was done, for the log; `done_in_part` returns what was done before an error, if anything.
    """

    name: str
    label: str
    offered_with: tuple[type[OneChoiceFilter], ...]
    effects: Callable[[Any], list[str]]
    act: Callable[[Any], str]
    costs: str = ""
    done_in_part: Callable[[Any], str] = lambda _: ""


@dataclass(frozen=True)
class Asked:
    """One of the chosen rows on the page that asks for confirmation."""

    row: Any
    sentences: list[str]
    address: str


class ConfirmsActions(admin.ModelAdmin):  # type: ignore[type-arg]
    confirmed_actions: tuple[ConfirmedAction, ...]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer each of these actions only while a filter limits the list to the rows that the action is for."""
        actions: dict[str, Any] = super().get_actions(request)
        for action in self.confirmed_actions:
            if not any(each.is_chosen_in(request) for each in action.offered_with):
                actions.pop(action.name, None)
        return actions

    def ask_or_act(self, request: HttpRequest, chosen: QuerySet[Any], action: ConfirmedAction) -> HttpResponse | None:
        """Show what would be done; once that is confirmed, do it. An error with one row does not stop the others."""
        if request.POST.get(CONFIRMED) != "yes":
            return self._ask(request, chosen, action)
        for row in chosen:
            named = f"{str(self.opts.verbose_name).capitalize()} {row}"
            try:
                with gateway.noting_writes():
                    done = action.act(row)
            except (SubscriptionRefusal, CannotRefund, StripeFailure) as error:
                why = error.for_staff if isinstance(error, StripeFailure) else str(error)
                self.message_user(request, f"{named}: {why}", messages.ERROR)
                if in_part := action.done_in_part(row):
                    self.log_change(request, row, f"{in_part} {why}")
            else:
                self.log_change(request, row, done)
                self.message_user(request, f"{named}: {done}", messages.SUCCESS)
        return None

    def _ask(self, request: HttpRequest, chosen: QuerySet[Any], action: ConfirmedAction) -> HttpResponse:
        page = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        context = {
            **self.admin_site.each_context(request),
            "title": f"{action.label}?",
            "opts": self.opts,
            "step": action.label,
            "back": request.get_full_path(),
            "action": action,
            "chosen": [Asked(row, action.effects(row), reverse(page, args=[quote(row.pk)])) for row in chosen],
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "confirmed": CONFIRMED,
        }
        return render(request, "admin/subscriptions/confirm_action.html", context)
