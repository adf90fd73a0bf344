"""JSON endpoints for customers and their purchases: authenticate, parse, one domain call, answer."""
