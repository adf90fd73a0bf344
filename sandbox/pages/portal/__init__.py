"""The pages of the billing portal."""
