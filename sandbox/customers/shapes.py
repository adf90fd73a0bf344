"""The JSON of a customer, and of a tax id."""

import string
from random import SystemRandom

from sandbox.core import ids
from sandbox.core.store import Object

PREFIX_LENGTH = 8
# The types of tax ids that Stripe asks the authorities about, and those that begin with the country.
VERIFIED = {"au_abn", "eu_vat", "gb_vat"}
BEGIN_WITH_COUNTRY = {"eu_oss_vat", "eu_vat"}


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


def tax_id(customer_id: str, *, kind: str, value: str, created: int) -> Object:
    """Return a tax id of a customer."""
    return {
        "id": ids.new("tax_id"),
        "object": "tax_id",
        "country": (value if kind in BEGIN_WITH_COUNTRY else kind)[:2].upper(),
        "created": created,
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "owner": {"customer": customer_id, "customer_account": None, "type": "customer"},
        "type": kind,
        "value": value,
        "verification": {
            "status": "pending" if kind in VERIFIED else "unavailable",
            "verified_address": None,
            "verified_name": None,
        },
    }
