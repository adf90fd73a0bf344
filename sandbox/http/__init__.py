"""Rules that all calls to Stripe's API share: forms, lists, expansion, idempotency, limits, and the check of types."""
