"""Customers, what they buy and pay, and the records of webhooks and syncs.

Rows that copy a Stripe object are written by the mirror only, except for the fields that are marked as our own.
"""

from subscriptions.models.api_token import ApiToken
from subscriptions.models.awaited_payment import Awaits
from subscriptions.models.checkout_session import CheckoutSession
from subscriptions.models.customer import (
    BillingAccount,
    ConfirmedAddress,
    Customer,
    DetailsToSend,
    ErasedCustomer,
    ErasedObject,
    LinkedCustomer,
)
from subscriptions.models.dispute import Dispute, DisputeHold
from subscriptions.models.invoice import Invoice
from subscriptions.models.payment import Payment
from subscriptions.models.person_lookup import PersonLookup
from subscriptions.models.product_claim import ProductClaim
from subscriptions.models.rate_count import RateCount
from subscriptions.models.refund import Refund
from subscriptions.models.status_change import StatusChange
from subscriptions.models.subscription import Subscription
from subscriptions.models.subscription_schedule import SubscriptionSchedule
from subscriptions.models.sync import SyncRun, SyncState
from subscriptions.models.trial_grant import TrialGrant
from subscriptions.models.webhook_event import WebhookEvent

__all__ = [
    "ApiToken",
    "Awaits",
    "BillingAccount",
    "CheckoutSession",
    "ConfirmedAddress",
    "Customer",
    "DetailsToSend",
    "Dispute",
    "DisputeHold",
    "ErasedCustomer",
    "ErasedObject",
    "Invoice",
    "LinkedCustomer",
    "Payment",
    "PersonLookup",
    "ProductClaim",
    "RateCount",
    "Refund",
    "StatusChange",
    "Subscription",
    "SubscriptionSchedule",
    "SyncRun",
    "SyncState",
    "TrialGrant",
    "WebhookEvent",
]
