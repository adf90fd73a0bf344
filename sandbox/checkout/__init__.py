"""Checkout sessions, and what a paid one turns into."""
