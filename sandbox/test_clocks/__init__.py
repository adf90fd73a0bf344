"""Test clocks: frozen times, on which customers and their subscriptions live until the clock is advanced."""
