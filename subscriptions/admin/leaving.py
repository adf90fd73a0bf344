"""The question on the page that deletes users: what becomes of their subscriptions and customers."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from billing.errors import StripeFailure
from subscriptions.customers import erasing, ownership
from subscriptions.models import BillingAccount, Subscription
from subscriptions.plans import leaving
from subscriptions.plans.errors import SubscriptionRefusal
from subscriptions.plans.leaving import CannotLeave, Fate
from subscriptions.traces import disk
from subscriptions.traces.person import Traces
from subscriptions.user_model import User

NEEDED = {
    Fate.CANCEL_NOW: "subscriptions.change_subscription",
    Fate.AT_PERIOD_END: "subscriptions.change_subscription",
    Fate.ERASE: "subscriptions.delete_customer",
}


class LeavingForm(forms.Form):
    """One choice for all the people that are deleted together. Without a customer there is nothing to choose."""

    fate = forms.ChoiceField(widget=forms.RadioSelect, label="What becomes of it?")

    def __init__(self, *args: Any, people: list[User], by: User | AnonymousUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opened_at = timezone.now()
        self.erased: list[Traces] = []
        self.running: list[tuple[User, Subscription]] = [
            (person, subscription) for person in people for subscription in ownership.running_of(person)
        ]
        self.leavers = [person for person in people if BillingAccount.objects.customer_ids_of(person)]
        fates = leaving.fates_for([subscription for _, subscription in self.running])
        allowed = [fate for fate in fates if fate not in NEEDED or by.has_perm(NEEDED[fate])]
        self.is_forbidden = bool(self.leavers) and not allowed
        self.fields["fate"].choices = [(fate.value, fate.label) for fate in allowed]  # type: ignore[attr-defined]
        if not self.leavers:
            del self.fields["fate"]
        elif not self.running:
            self.fields["fate"].initial = Fate.NOTHING

    @property
    def lines(self) -> list[str]:
        """What runs, in words, one line a subscription."""
        return [f"{person}: {leaving.charge_in_words(subscription)}" for person, subscription in self.running]

    def settle(self) -> Iterator[tuple[User, list[str], str]]:
        """Do what was chosen for each person; yield what was done, and the error that stopped it."""
        for person in self.leavers:
            done: list[str] = []
            try:
                # What was done before an error stays in the list.
                done += self._settle(person)
            except StripeFailure as error:
                yield person, done, error.for_staff
                return
            except (CannotLeave, SubscriptionRefusal) as error:
                yield person, done, str(error)
                return
            yield person, done, ""

    def _settle(self, person: User) -> Iterator[str]:
        fate, now = Fate(self.cleaned_data["fate"]), timezone.now()
        if fate == Fate.ERASE:
            self.erased.append(leaving.erase(user=person, now=now))
        else:
            yield from leaving.settle(user=person, fate=fate, now=now)

    def forget_erased(self) -> str:
        """Remove what names the erased people from records, sessions and logs, and return what was in the way."""
        try:
            for traces in self.erased:
                erasing.forget(traces, since=self.opened_at)
        except OSError as error:
            return f"A log still names the person who was erased: {error}"
        if self.erased and not disk.compact():
            return "The database's file still has what was deleted: run VACUUM."
        return ""
