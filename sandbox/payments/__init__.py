"""Payment methods, payment intents and charges; refunds are a package within."""
