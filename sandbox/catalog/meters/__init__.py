"""Billing meters: the usage that applications report, and what metered prices bill of it."""
