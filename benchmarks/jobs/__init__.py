"""The measured jobs, each run in a new process: `python -m benchmarks.jobs NAME OPTIONS` prints its cost as JSON."""
