"""Subscription schedules and their phases."""
