"""The JSON of a customer."""

import string
from random import SystemRandom

from sandbox.core import ids
from sandbox.core.store import Object

PREFIX_LENGTH = 8


def customer(*, created: int, metadata: dict[str, str]) -> Object:
    """Return a customer without name, address or payment method."""
    return {
        "id": ids.new("customer"),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": created,
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": "".join(SystemRandom().choices(string.ascii_uppercase + string.digits, k=PREFIX_LENGTH)),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata,
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
