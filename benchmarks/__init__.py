"""The proof of speed: our sync, webhooks and pages beside the obvious ways, in one run and one table."""
