"""A local, stateful Stripe: the API, its hosted pages and its webhooks, with no Django and no account."""
