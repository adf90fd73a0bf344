"""Invoices over time: when they are finalized, sent, retried, due and overdue."""
