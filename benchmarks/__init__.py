"""Benchmarks: our sync, webhooks and pages beside simpler ways to do the same, in one run and one table."""
