"""The admin of customers and what they pay for: lists, search, and a few safe actions."""

from subscriptions.admin import (
    api_tokens,
    customers,
    disputes,
    payments,
    refunds,
    schedules,
    subscriptions,
    sync_runs,
    trial_grants,
    webhook_events,
)

__all__ = [
    "api_tokens",
    "customers",
    "disputes",
    "payments",
    "refunds",
    "schedules",
    "subscriptions",
    "sync_runs",
    "trial_grants",
    "webhook_events",
]
