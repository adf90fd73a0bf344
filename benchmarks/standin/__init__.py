"""A stand-in for Stripe: the sandbox's answers, built once and served from memory, with a set latency and rate limit.

It runs in its own process, so that its work is not counted as the client's.
"""
