"""Checks of people and customers: nobody is charged without a person here, or after the person was deactivated, and
nobody waits for a refund that failed.
"""

from collections.abc import Iterator

from django.db.models import QuerySet

from subscriptions import stripe_clock
from subscriptions.customers import ownership
from subscriptions.formatting import format_count
from subscriptions.models import Subscription
from subscriptions.monitoring.doctor.finding import Finding, note, ok, problem, some
from subscriptions.payments import failed_refunds


def check_people() -> Iterator[Finding]:
    found = [*_charged_without_person(), *_charged_though_deactivated(), *_without_money_back()]
    found += _with_a_users_address()
    yield from found
    if not found:
        yield ok("Each subscription that is charged belongs to a person who can sign in here.")


def _charged_without_person() -> Iterator[Finding]:
    charged = ownership.charged_without_person().order_by("pk").values_list("pk", "customer_id")
    if found := [f"{pk} ({customer_id})" for pk, customer_id in charged]:
        yield problem(
            f"{format_count(len(found), 'running subscription')} that nobody here owns: {some(found)}. After a "
            "restored backup, the person may have to sign up again. Link the customer to the person, on the "
            "customer's page in the admin, or cancel the subscription at Stripe. The list of subscriptions has the "
            "filter “whose”."
        )


def _charged_though_deactivated() -> Iterator[Finding]:
    if ids := _ids(ownership.charged_of_deactivated()):
        yield problem(
            f"{format_count(len(ids), 'running subscription')} of deactivated users: {some(ids)}. Cancel them in "
            "Stripe's dashboard, or activate the user; the list of subscriptions has the filter “whose”."
        )


def _without_money_back() -> Iterator[Finding]:
    """Report refunds that failed: banks return some days later."""
    for refund in failed_refunds.find(now=stripe_clock.now()):
        customer = refund.customer_id or "an unknown customer"
        yield problem(
            f"The refund {refund.pk} of {refund.amount_display} to {customer} failed: the money is "
            "in your Stripe balance again. Refund it anew, or give it back in another way."
        )


def _with_a_users_address() -> Iterator[Finding]:
    for customer_id, user in ownership.unowned_with_a_users_address():
        yield note(
            f"{customer_id} was made elsewhere and has the address of the user {user}. "
            "Link it on the customer's page in the admin, if it is the same person."
        )


def _ids(subscriptions: QuerySet[Subscription]) -> list[str]:
    return list(subscriptions.order_by("pk").values_list("pk", flat=True))
