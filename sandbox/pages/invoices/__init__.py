"""The hosted page of an invoice, and the receipt of a charge."""
