"""The names of countries, for the address forms."""

from functools import cache

from babel import Locale

CODE_LENGTH = 2
# Codes of two letters that the list of territories has for something else than a country.
NO_COUNTRY = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}


@cache
def names() -> dict[str, str]:
    """Return the names of countries by their codes, in alphabetical order."""
    named = {
        code: name
        for code, name in Locale("en").territories.items()
        if len(code) == CODE_LENGTH and code.isalpha() and code not in NO_COUNTRY
    }
    return dict(sorted(named.items(), key=lambda pair: pair[1]))
