"""A Stripe for measuring: the sandbox's own answers, made once and served from memory, as slow and strict as asked.

It runs in a process of its own, so that its work is not counted as the client's.
"""
