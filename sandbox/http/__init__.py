"""What all calls to Stripe's API share: forms in, lists and expansion out, idempotency, limits, the contract."""
