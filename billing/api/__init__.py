"""The catalog over JSON, and what all of the JSON API is built of: bodies that are read, refusals that are told."""
