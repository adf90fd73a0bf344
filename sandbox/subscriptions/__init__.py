"""Subscriptions and their items: started, renewed, ended; changes, schedules and previews are packages within."""
