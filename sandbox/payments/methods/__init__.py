"""Payment methods from requests: their types, details and test ids."""
