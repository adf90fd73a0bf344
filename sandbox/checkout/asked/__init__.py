"""What a checkout page asks besides the payment: the seller's fields, address, phone, consent, quantities."""
