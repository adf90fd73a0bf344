"""The hosted invoice page and the receipt of a charge."""
