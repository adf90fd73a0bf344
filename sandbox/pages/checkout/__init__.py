"""The hosted checkout page."""
