"""Refunds of charges."""
