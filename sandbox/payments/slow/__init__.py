"""Payments that end days later: bank debits and vouchers."""
