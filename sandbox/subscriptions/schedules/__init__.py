"""Subscription schedules: their phases, moving from phase to phase, and their end."""
