"""The catalog in the JSON API, and the parts that the whole API is made of: request bodies and refusals."""
