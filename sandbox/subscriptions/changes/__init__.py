"""Changes of a running subscription: what a request asks for, and what it credits and charges."""
