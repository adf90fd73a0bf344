"""Masks passwords in addresses, before anything that contains one is shown or logged."""

import re

MASK = "********"

# Up to the last @ before a blank or quote: a password that was not encoded may contain one, and slashes.
PASSWORD_IN_URL = re.compile(r"(?P<start>\b[a-z][a-z0-9+.-]*://[^:/@\s\"']*):[^\s\"']*@", re.IGNORECASE)
SECRET_IN_QUERY = re.compile(
    r"(?P<start>[?&;][a-z_]*(?:pass|secret|token|key|properties)[a-z_]*=)[^&;\s\"']*", re.IGNORECASE
)


def mask(text: str) -> str:
    """Return the text with the password of each address in it masked."""
    return SECRET_IN_QUERY.sub(rf"\g<start>{MASK}", PASSWORD_IN_URL.sub(rf"\g<start>:{MASK}@", text))
