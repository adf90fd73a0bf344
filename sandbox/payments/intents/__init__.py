"""Payment intents that the API creates, confirms, captures and cancels."""
