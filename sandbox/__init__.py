"""A local, stateful Stripe: its API, hosted pages and webhooks, without a Stripe account and without Django."""
