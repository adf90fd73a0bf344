"""Why a subscription can't be changed, cancelled or resumed. The messages are shown to its owner."""

from datetime import datetime
from typing import Self

from django.utils.dateformat import format as format_date

from billing import money
from billing.models import Price
from subscriptions.models import Subscription

MAX_QUANTITY = 999


class SubscriptionRefusal(Exception):
    """This is not possible with the subscription; the message tells its owner why.

    `pay_at` is the page of an open invoice that it waits for; empty if there is none.
    """

    pay_at: str = ""


class CannotCancel(SubscriptionRefusal):
    @classmethod
    def already_ended(cls) -> Self:
        return cls("This subscription has already ended.")

    @classmethod
    def being_debited(cls) -> Self:
        return cls(
            "Your bank is sending the payment, which can't be stopped any more. "
            "You can cancel once it has arrived; if it fails, nothing is charged."
        )

    @classmethod
    def paid_meanwhile(cls) -> Self:
        return cls(
            "Your payment has arrived meanwhile, so the order was not cancelled. "
            "If you don't want it any more, please contact us for a refund."
        )


class CannotResume(SubscriptionRefusal):
    @classmethod
    def already_ended(cls) -> Self:
        return cls("This subscription has ended, and an ended one can't be resumed. You can start a new one.")

    @classmethod
    def not_cancelled(cls) -> Self:
        return cls("This subscription is not set to end: it continues.")

    @classmethod
    def agreed(cls, ends_at: datetime) -> Self:
        return cls(
            f"It was agreed that this subscription ends on {_day(ends_at)}. Please contact us if it should go on."
        )

    @classmethod
    def managed(cls) -> Self:
        return cls("The end of this subscription can't be changed here. Please contact us if it should go on.")

    @classmethod
    def without_card(cls) -> Self:
        return cls("There is no card on file, so your subscription is still paused. Please add a card and try again.")

    @classmethod
    def not_paid(cls, *, pay_at: str) -> Self:
        refusal = cls(
            "The payment failed, so your subscription is still paused. Please check your card and try again."
        )
        refusal.pay_at = pay_at
        return refusal

    @classmethod
    def not_confirmed(cls, *, pay_at: str) -> Self:
        refusal = cls(
            "Your bank wants you to confirm the payment, so your subscription is still paused. "
            "Please confirm it on the page of the invoice; then your subscription continues."
        )
        refusal.pay_at = pay_at
        return refusal


class CannotChange(SubscriptionRefusal):
    @classmethod
    def ended(cls) -> Self:
        return cls("This subscription has ended. You can start a new one from the plans page.")

    @classmethod
    def unpaid(cls) -> Self:
        return cls("Please pay the open invoice first; then you can change your plan.")

    @classmethod
    def bill_closed(cls, how: str, *, is_given_up: bool) -> Self:
        if is_given_up:
            return cls(f"Your last invoice was {how}. Please cancel this subscription and choose a plan again.")
        return cls(f"Your last invoice was {how}. You can change your plan when the next one is paid.")

    @classmethod
    def paused(cls) -> Self:
        return cls("Your subscription is paused. Please start it again first; then you can change your plan.")

    @classmethod
    def payments_paused(cls) -> Self:
        return cls("The payments of your subscription are paused. You can change your plan when they go on.")

    @classmethod
    def not_on_sale(cls) -> Self:
        return cls("This price is no longer available. Please choose one of the current plans.")

    @classmethod
    def varies(cls, price: Price) -> Self:
        return cls(f"The price of this {price.variation}, so you can't change to it here. Please contact us.")

    @classmethod
    def by_use(cls) -> Self:
        return cls("This is billed by use, so it has no quantity.")

    @classmethod
    def one_time(cls) -> Self:
        return cls("This is sold once, not as a subscription. You can buy it from the plans page.")

    @classmethod
    def other_currency(cls, subscription: Subscription) -> Self:
        return cls(f"Your subscription is billed in {subscription.currency.upper()}, and this price is not.")

    @classmethod
    def empty(cls) -> Self:
        return cls("This subscription has no plan that can be changed. Please contact us.")

    @classmethod
    def part_of_it(cls) -> Self:
        return cls("This is part of your subscription already.")

    @classmethod
    def already_held(cls) -> Self:
        return cls("You already have another subscription to this.")

    @classmethod
    def already_due(cls) -> Self:
        return cls("Another of your subscriptions will change to this when its paid period ends.")

    @classmethod
    def other_is_changing(cls) -> Self:
        return cls(
            "Another of your subscriptions is being changed to this right now. Please try again in six minutes."
        )

    @classmethod
    def ending(cls, subscription: Subscription) -> Self:
        if subscription.ends_as_agreed and subscription.cancels_at:
            return cls(
                "This would be charged at once, for longer than your subscription goes on: it was agreed that it ends "
                f"on {_day(subscription.cancels_at)}. Please contact us."
            )
        return cls(
            "This would be charged at once, but your subscription is set to end. "
            "Please resume it first, on your account page."
        )

    @classmethod
    def bad_quantity(cls) -> Self:
        return cls(f"The quantity must be a whole number between 1 and {MAX_QUANTITY}.")

    @classmethod
    def too_much(cls, currency: str) -> Self:
        return cls(f"This comes to more than {money.display(money.most(currency), currency)}, the most that one pays.")

    @classmethod
    def not_by_quantity(cls, product_name: str) -> Self:
        return cls(f"“{product_name}” is not sold by quantity, so the quantity must be 1.")

    @classmethod
    def ends_then(cls) -> Self:
        return cls("Your subscription ends with the paid period, so please change your plan now.")

    @classmethod
    def nothing_pending(cls) -> Self:
        return cls("No change of plan is scheduled: your plan stays as it is.")

    @classmethod
    def on_trial(cls) -> Self:
        return cls("During a trial nothing is charged, so please change your plan now.")

    @classmethod
    def took_effect(cls) -> Self:
        return cls("This change has taken effect already. You can change your plan again.")


class AlreadyOnIt(CannotChange):
    @classmethod
    def same(cls) -> Self:
        return cls("That is your current plan already.")


def _day(moment: datetime) -> str:
    return format_date(moment, "j F Y")
