"""Customers and what they pay for, in the admin: to be looked at, searched, and where it is safe, acted on."""

from subscriptions.admin import books, customers, payments, subscriptions, tokens

__all__ = ["books", "customers", "payments", "subscriptions", "tokens"]
