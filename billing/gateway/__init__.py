"""Calls to Stripe: the only package of the apps that imports Stripe's SDK.

This list is the package's public face: each name is a call that returns a Snapshot or Pages, or says how calls are
made. What the objects mean belongs to `mirror` and `catalog`.
"""

from billing.gateway.catalog import (
    create_coupon,
    create_price,
    create_product,
    create_promotion_code,
    price_pages,
    product_pages,
    promotion_code_pages,
    retrieve_price,
    retrieve_product,
    retrieve_promotion_code,
    update_price,
    update_product,
    update_promotion_code,
)
from billing.gateway.client import (
    API_VERSION,
    CallCount,
    counting,
    quickly,
    use_transport,
)
from billing.gateway.customers import (
    create_customer,
    create_portal_session,
    customers_by_email,
    delete_customer,
    retrieve_customer,
)
from billing.gateway.events import (
    create_webhook_endpoint,
    event_pages,
    update_webhook_endpoint,
    webhook_endpoint_pages,
)
from billing.gateway.nested_lists import completed, is_cut
from billing.gateway.payments import (
    create_refund,
    invoice_pages,
    invoice_payments_of,
    preview_invoice,
    refund_pages,
    retrieve_invoice,
    retrieve_payment_intent,
    retrieve_refund,
)
from billing.gateway.rate_limit import paced
from billing.gateway.snapshots import Page
from billing.gateway.subscriptions import (
    cancel_subscription,
    create_checkout_session,
    expire_checkout_session,
    release_schedule,
    resume_subscription,
    retrieve_checkout_session,
    retrieve_schedule,
    retrieve_subscription,
    schedule_from_subscription,
    subscription_page,
    subscription_pages_of,
    update_schedule,
    update_subscription,
)
from billing.gateway.webhook_signature import WebhookRejected, verified_event

__all__ = [
    "API_VERSION",
    "CallCount",
    "Page",
    "WebhookRejected",
    "cancel_subscription",
    "completed",
    "counting",
    "create_checkout_session",
    "create_coupon",
    "create_customer",
    "create_portal_session",
    "create_price",
    "create_product",
    "create_promotion_code",
    "create_refund",
    "create_webhook_endpoint",
    "customers_by_email",
    "delete_customer",
    "event_pages",
    "expire_checkout_session",
    "invoice_pages",
    "invoice_payments_of",
    "is_cut",
    "paced",
    "preview_invoice",
    "price_pages",
    "product_pages",
    "promotion_code_pages",
    "quickly",
    "refund_pages",
    "release_schedule",
    "resume_subscription",
    "retrieve_checkout_session",
    "retrieve_customer",
    "retrieve_invoice",
    "retrieve_payment_intent",
    "retrieve_price",
    "retrieve_product",
    "retrieve_promotion_code",
    "retrieve_refund",
    "retrieve_schedule",
    "retrieve_subscription",
    "schedule_from_subscription",
    "subscription_page",
    "subscription_pages_of",
    "update_price",
    "update_product",
    "update_promotion_code",
    "update_schedule",
    "update_subscription",
    "update_webhook_endpoint",
    "use_transport",
    "verified_event",
    "webhook_endpoint_pages",
]
