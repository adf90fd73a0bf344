"""Refunds: money of a charge given back."""
