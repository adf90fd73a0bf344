"""International bank account numbers: their check digits, and the bank and branch codes within them."""

import re

from sandbox.core.errors import ApiError

IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
CHECK_MODULUS = 97
# Lengths of the bank code and the branch code, which follow the country and the check digits.
CODES = {
    "AT": (5, 0),
    "BE": (3, 0),
    "CH": (5, 0),
    "DE": (8, 0),
    "DK": (4, 0),
    "ES": (4, 4),
    "FI": (3, 0),
    "FR": (5, 5),
    "IE": (4, 6),
    "LU": (3, 0),
    "NL": (4, 0),
    "NO": (4, 0),
    "PT": (4, 4),
    "SE": (3, 0),
}
DEFAULT_CODES = (4, 0)
START = 4


def read(text: str) -> str:
    """Return the IBAN without spaces. Raises ApiError if it is malformed or its check digits are wrong."""
    iban = text.replace(" ", "").upper()
    if (
        not IBAN.fullmatch(iban)
        or int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % CHECK_MODULUS != 1
    ):
        raise ApiError.invalid(
            "The IBAN you provided is invalid.", param="sepa_debit[iban]", code="invalid_bank_account_iban"
        )
    return iban


def _number(iban: str) -> int:
    """Return the number that the check digits make 1 modulo 97: letters count from 10."""
    return int("".join(str(int(sign, 36)) for sign in iban[START:] + iban[:START]))


def details(iban: str) -> dict[str, str]:
    """Return the members of a SEPA payment method that its IBAN holds."""
    bank, branch = CODES.get(iban[:2], DEFAULT_CODES)
    return {
        "bank_code": iban[START : START + bank],
        "branch_code": iban[START + bank : START + bank + branch],
        "country": iban[:2],
        "last4": iban[-4:],
    }
