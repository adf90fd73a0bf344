"""The page of a payment that waits for the customer: its bank's 3-D Secure, or a voucher."""
