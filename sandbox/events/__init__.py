"""Events: recorded with each change, queued for webhook endpoints, signed and sent."""
