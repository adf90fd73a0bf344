"""Events: recording them, and sending them to webhook endpoints, signed and with retries."""
