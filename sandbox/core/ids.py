"""New ids that look like Stripe's: a prefix and random letters and digits. The prefixes are in kinds.py."""

import os
import string

from sandbox.core.kinds import KINDS

ALPHABET = string.ascii_letters + string.digits

# Random bytes become these characters; that some are a little more frequent does not matter.
_CHARACTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))


def new(kind: str) -> str:
    """Return a new id for an object of this kind: `prod_` and 14 characters for "product"."""
    return with_prefix(KINDS[kind].prefix or "", KINDS[kind].id_length)


def with_prefix(prefix: str, length: int = 24) -> str:
    """Return a new id with a prefix that belongs to no kind of object, such as a preview's."""
    return f"{prefix}_{random_text(length)}"


def request_id() -> str:
    """Return a new id for a request."""
    return with_prefix("req", 14)


def random_digits(length: int) -> str:
    """Return random digits."""
    return "".join(str(byte % 10) for byte in os.urandom(length))


def random_text(length: int) -> str:
    """Return random letters and digits."""
    return os.urandom(length).translate(_CHARACTERS).decode()
