"""Identifiers that look like Stripe's: a prefix and random letters and digits."""

import random
import string

ALPHABET = string.ascii_letters + string.digits
LENGTHS = {"prod": 14, "cus": 14, "req": 14, "si": 14, "il": 24, "cs_test": 58}
USUAL_LENGTH = 24

_random = random.SystemRandom()


def new(prefix: str) -> str:
    """Return a new id, `prod_` and 14 characters for "prod"."""
    return f"{prefix}_{random_text(LENGTHS.get(prefix, USUAL_LENGTH))}"


def random_text(length: int) -> str:
    """Return random letters and digits, as in ids and secrets."""
    return "".join(_random.choices(ALPHABET, k=length))
