"""The proof under fire: real processes, killed at any write, against a Stripe that has a bad day."""
