"""What is measured, each in a fresh process: `python -m benchmarks.jobs NAME OPTIONS` prints what it cost, as JSON."""
