"""The bodies of answers, built from rows. Ids are Stripe's; amounts are in the currency's minor unit."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from subscriptions import stripe_clock
from subscriptions.models import CheckoutSession, Payment, Subscription
from subscriptions.plans import amount_words, amounts

Mode = Literal["subscription", "payment"]


class CustomerAnswer(BaseModel):
    customer_id: str = Field(examples=["cus_T4a1"])
    user_name: str = Field(examples=["ada"])
    email: str = Field(description="Empty if none is known.", examples=["ada@example.com"])


class SessionAnswer(BaseModel):
    session_id: str = Field(examples=["cs_test_a1"])
    url: str = Field(description="Stripe's payment page: send the buyer there.")
    mode: Mode
    subscription_id: str | None = Field(description="Null until it is paid.")
    payment_id: str | None = Field(description="Null until it is paid.")

    @classmethod
    def of(cls, session: CheckoutSession) -> Self:
        return cls.model_validate(
            {
                "session_id": session.stripe_id,
                "url": session.url,
                "mode": session.mode,
                "subscription_id": session.subscription_id or None,
                "payment_id": session.payment_intent_id or None,
            }
        )


class SubscriptionAnswer(BaseModel):
    subscription_id: str = Field(examples=["sub_1Qx"])
    status: str = Field(description="As Stripe names it.", examples=["active"])
    gives_access: bool
    price_id: str | None
    product_id: str | None
    prod_name: str
    quantity: int
    unit_amount: int | None = Field(description="Null if Stripe computes it.", examples=[1900])
    amount: int | None = Field(
        description="What all of it costs per interval now, after discounts; of a trial, afterwards. Null if that is "
        "no single figure: several intervals, or use. Taxes come on top.",
        examples=[950],
    )
    discount: str | None = Field(description="In words; null if there is none.", examples=["50% off until 3 May 2027"])
    currency: str = Field(examples=["usd"])
    interval: str | None = Field(examples=["month"])
    interval_count: int | None = Field(description="3 with `month`: billed every three months.", examples=[1])
    current_period_end: datetime | None
    cancel_at_period_end: bool
    cancel_at: datetime | None = Field(description="When it ends, if that is decided.")
    next_charge_at: datetime | None = Field(description="Null if nothing more is charged, or payments are paused.")
    payments_paused: str | None = Field(
        description="What Stripe does with invoices while payments are paused; null if they are not.",
        examples=["void"],
    )
    paused_because: str | None = Field(
        description="Why its status is paused, as Stripe names it.", examples=["pause_requested"]
    )
    resumes_at: datetime | None = Field(description="When a pause ends, if that is decided.")
    can_change: bool
    can_resume: bool = Field(description="Whether a cancel or a pause can be undone.")
    trial_end: datetime | None
    ended_at: datetime | None
    awaits: str | None = Field(description="What the first payment waits for, if it takes days; `failed` afterwards.")
    disputed: str | None = Field(
        description="`open` while its bank asks a payment back, `lost` when that has taken it back; else null."
    )

    @classmethod
    def of(cls, subscription: Subscription) -> Self:
        return cls.model_validate(_subscription_columns(subscription))


class ChangedAnswer(SubscriptionAnswer):
    charged_now: bool = Field(
        description="True if the change is billed at once, with a new period (another interval, from a free price); "
        "false if the difference is on the next invoice."
    )

    @classmethod
    def after(cls, subscription: Subscription, *, charged_now: bool) -> Self:
        return cls.model_validate({**_subscription_columns(subscription), "charged_now": charged_now})


class PaymentAnswer(BaseModel):
    payment_id: str = Field(examples=["pi_3Qx"])
    status: str = Field(description="As Stripe names it.", examples=["succeeded"])
    gives_access: bool
    price_id: str | None
    product_id: str | None
    prod_name: str
    quantity: int
    amount: int = Field(examples=[4900])
    currency: str = Field(examples=["usd"])
    access_ended_at: datetime | None
    awaits: str | None = Field(description="What the payment waits for, if it takes days: `debit`, `voucher`, …")
    pay_by: datetime | None = Field(description="Until when a voucher can be paid.")
    paid_after_cancel: bool = Field(description="Whether its money came after it was cancelled; it will be refunded.")
    disputed: str | None = Field(
        description="`open` while its bank asks the payment back, `lost` when that has taken it back; else null."
    )

    @classmethod
    def of(cls, payment: Payment) -> Self:
        return cls(
            # A free order has no payment at Stripe.
            payment_id=payment.payment_intent_id or str(payment.pk),
            status=payment.status,
            gives_access=payment.gives_access,
            price_id=payment.price_id,
            product_id=payment.product_id,
            prod_name=payment.product_name,
            quantity=payment.quantity,
            amount=payment.amount,
            currency=payment.currency,
            access_ended_at=payment.access_ended_at,
            # The payment of a cancelled order is not awaited, even if Stripe would still accept it.
            awaits=None if payment.was_cancelled_unpaid else payment.awaits or None,
            pay_by=None if payment.was_cancelled_unpaid else payment.pay_by_at,
            paid_after_cancel=payment.is_paid_after_cancel,
            disputed=payment.dispute_hold or None,
        )


class HoldingsAnswer(BaseModel):
    user_name: str
    customer_id: str | None = Field(description="Null if they have none yet.")
    subscriptions: list[SubscriptionAnswer]
    payments: list[PaymentAnswer]


class SubscriptionsAnswer(HoldingsAnswer):
    session_id: str | None = Field(description="The session that was asked for, else the latest; null if none.")


class MeAnswer(HoldingsAnswer):
    email: str
    is_staff: bool


def subscriptions_of(rows: Iterable[Subscription]) -> list[SubscriptionAnswer]:
    subscriptions = list(rows)
    amounts.prefetch(subscriptions)
    return [SubscriptionAnswer.of(row) for row in subscriptions]


def payments_of(rows: Iterable[Payment]) -> list[PaymentAnswer]:
    return [PaymentAnswer.of(row) for row in rows]


def _subscription_columns(subscription: Subscription) -> dict[str, object]:
    price = subscription.price
    amount = amounts.of(subscription)
    return {
        "subscription_id": subscription.pk,
        "status": subscription.status,
        "gives_access": subscription.gives_access_at(stripe_clock.now()),
        "price_id": subscription.price_id,
        "product_id": subscription.product_id,
        "prod_name": subscription.product_name,
        "quantity": subscription.quantity,
        "unit_amount": subscription.unit_amount,
        "amount": amount.total,
        "discount": amount_words.discounts_in_words(amount) or None,
        "currency": subscription.currency,
        "interval": price.interval if price else None,
        "interval_count": price.interval_count if price else None,
        "current_period_end": subscription.current_period_end_at,
        # Stripe can schedule an end in two ways, and only one of them sets its field of this name.
        "cancel_at_period_end": subscription.cancel_at_period_end or subscription.ends_with_period,
        "cancel_at": subscription.cancels_at,
        "next_charge_at": subscription.next_charge_at,
        "payments_paused": subscription.pause_behavior if subscription.is_collection_paused else None,
        "paused_because": subscription.paused_because or None,
        "resumes_at": subscription.pause_resumes_at or subscription.pause_ends_at,
        "can_change": subscription.can_change,
        "can_resume": subscription.can_resume,
        "trial_end": subscription.trial_end_at,
        "ended_at": subscription.ended_at,
        "awaits": subscription.awaited.awaits if subscription.awaited else None,
        "disputed": subscription.dispute_hold or None,
    }
