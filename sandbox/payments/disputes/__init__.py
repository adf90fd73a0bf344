"""Disputes: chargebacks and inquiries about charges."""
