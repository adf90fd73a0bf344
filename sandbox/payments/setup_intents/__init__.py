"""Setup intents: save a payment method, authenticated, without a payment."""
