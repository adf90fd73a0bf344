"""The chaos run: real processes, killed at any write, against a Stripe that fails in every way."""
