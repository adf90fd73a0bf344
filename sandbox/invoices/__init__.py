"""Invoices: their lines, prorations, payment and retries."""
