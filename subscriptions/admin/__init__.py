"""Customers and what they pay for, in the admin: to be looked at, searched, and where it is safe, acted on."""

from subscriptions.admin import (
    customers,
    payments,
    subscriptions,
    sync_runs,
    tokens,
)

__all__ = ["customers", "payments", "subscriptions", "sync_runs", "tokens"]
