"""New ids that look like Stripe's: a prefix and random letters and digits. The prefixes are in kinds.py."""

import os
import random
import string

from sandbox.core.kinds import KINDS

ALPHABET = string.ascii_letters + string.digits
NUMBERS, DIGITS = 1 << 64, 16
SCRAMBLED_BY = 0x9E3779B97F4A7C15  # So that numbers in a row look random.
UNSCRAMBLED_BY = pow(SCRAMBLED_BY, -1, NUMBERS)

_FAST = random.Random()  # noqa: S311 - ids need not be secret.
# Random bytes become these characters; that some are a little more frequent does not matter.
_CHARACTERS = bytes(ord(ALPHABET[byte % len(ALPHABET)]) for byte in range(256))


def new(kind: str) -> str:
    """Return a new id for an object of this kind: `prod_` and 14 characters for "product"."""
    return with_prefix(KINDS[kind].prefix or "", KINDS[kind].id_length)


def with_prefix(prefix: str, length: int = 24, *, join: str = "_") -> str:
    """Return a new id with a prefix that belongs to no kind of object, such as a preview's."""
    return f"{prefix}{join}{_FAST.randbytes(length).translate(_CHARACTERS).decode()}"


def request_id() -> str:
    """Return a new id for a request."""
    return with_prefix("req", 14)


def random_digits(length: int) -> str:
    """Return random digits."""
    return f"{_FAST.randrange(10**length):0{length}}"


def random_text(length: int) -> str:
    """Return random letters and digits that nobody can guess."""
    return os.urandom(length).translate(_CHARACTERS).decode()


def with_number(kind: str, number: int) -> str:
    """Return a new id that begins with a number of up to 64 bits."""
    digits = f"{number * SCRAMBLED_BY % NUMBERS:0{DIGITS}x}"
    return with_prefix(f"{KINDS[kind].prefix}_{digits}", KINDS[kind].id_length - DIGITS, join="")


def number_in(kind: str, object_id: str) -> int | None:
    """Return the number that `with_number` wrote into an id; for another id any number, or None."""
    prefix = f"{KINDS[kind].prefix}_"
    try:
        return int(object_id.removeprefix(prefix)[:DIGITS], 16) * UNSCRAMBLED_BY % NUMBERS
    except ValueError:
        return None
