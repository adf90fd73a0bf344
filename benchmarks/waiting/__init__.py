"""Measure whether the site answers while others wait: `python -m benchmarks.waiting`."""
