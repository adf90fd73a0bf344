"""Reads a MongoDB address: takes secrets out of it, refuses options that break the product, adds those it needs."""

from collections.abc import Mapping
from typing import Any

from pymongo.common import KW_VALIDATORS
from pymongo.errors import PyMongoError
from pymongo.uri_parser_shared import _validate_uri as read_uri  # The public function asks DNS for a +srv address.

from config.mongo import ENGINE

# Kept apart from the address, so that it can be shown, under names that Django's error pages hide.
SECRET = ("tlsCertificateKeyFilePassword", "authMechanismProperties")

# What the product needs, unless the address says otherwise.
DEFAULTS = {
    # By MongoDB's manual, an election takes up to twelve seconds.
    "serverSelectionTimeoutMS": 20_000,
    # What was acknowledged, such as a payment, survives a crash and the loss of a member.
    "w": "majority",
    "journal": True,
    # Without it, writes wait for ever while a primary can't reach a majority.
    "wTimeoutMS": 20_000,
    # A server may have been given another default.
    "readConcernLevel": "local",
}

_STALE = "secondaries lag behind, and what was just written must be seen"
_ELECTION = "requests would fail at every election"
_NOT_IN_AN_ADDRESS = "an address can't contain it"

# Of these options, the value that the product works with, and what any other one would do.
ONLY: dict[str, tuple[Any, str]] = {
    "journal": (True, "a crash would lose payments that were acknowledged"),
    "readConcernLevel": ("local", "a process that loses a race would not find the row of the one that won"),
    "readPreference": ("primary", _STALE),
    "retryReads": (True, _ELECTION),
    "retryWrites": (True, _ELECTION),
    "tz_aware": (False, "Django adds the time zone itself"),
    "unicode_decode_error_handler": ("strict", "damaged text would be changed without notice"),
}
NEVER = dict.fromkeys((*KW_VALIDATORS, "driver", "server_api"), _NOT_IN_AN_ADDRESS) | {
    "datetime_conversion": "Django reads times as the driver gives them without it",
    "fsync": "journal=true is set anyway and does the same",
    "maxStalenessSeconds": _STALE,
    "readPreferenceTags": _STALE,
    "uuidRepresentation": "UUIDs are stored as text",
}
_NEVER = {name.lower(): name for name in NEVER}
_UNACKNOWLEDGED = "duplicates would not be reported, and two workers could claim the same work"


class UnusableAddress(ValueError):
    """What is wrong with an address, in words that repeat no value and no unknown name: either may be a secret."""


def parse(url: str) -> dict[str, Any]:
    """Return the DATABASES entry. Leaves the hosts to the driver: Django's and environ's parsers know one host only.

    Raises UnusableAddress.
    """
    address, _, query = url.partition("?")
    separator = ";" if ";" in query else "&"
    pairs = [pair for pair in query.split(separator) if pair]
    _check_names(pairs)
    try:
        read = read_uri(url)
    except (PyMongoError, ValueError, TypeError, OSError):
        raise UnusableAddress("is not a valid MongoDB connection string") from None
    if not read["database"]:
        raise UnusableAddress("must name the database, as in mongodb://host/name")
    _check_values(read["options"])
    secret = {name.lower() for name in SECRET}
    shown = separator.join(pair for pair in pairs if _name(pair) not in secret)
    host = _without_credentials(address) + (f"?{shown}" if shown else "")
    entry = {"ENGINE": ENGINE, "HOST": host, "NAME": read["database"], "OPTIONS": _options(read["options"])}
    credentials = {"USER": read["username"], "PASSWORD": read["password"]}
    return entry | {name: value for name, value in credentials.items() if value}


def _check_names(pairs: list[str]) -> None:
    """Refuse options before the driver reads them: it does not know some of them in an address, and would not say."""
    for pair in pairs:
        if option := _NEVER.get(_name(pair)):
            raise UnusableAddress(f"must not have the option {option}: {NEVER[option]}")
        if pair.endswith("="):
            raise UnusableAddress("has an option without a value")


def _check_values(options: Mapping[str, Any]) -> None:
    for name, (needed, reason) in ONLY.items():
        if name in options and options[name] != needed:
            raise UnusableAddress(f"must not set {name} to anything but {str(needed).lower()}: {reason}")
    if options.get("w") == 0:
        raise UnusableAddress(f"must not set w to 0: {_UNACKNOWLEDGED}")


def _options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the secret options and the defaults of those that are not given: what the address does not say."""
    secret = {name: given[name] for name in SECRET if name in given}
    return secret | {name: value for name, value in DEFAULTS.items() if name not in given}


def _without_credentials(address: str) -> str:
    scheme, _, rest = address.partition("://")
    hosts, slash, name = rest.partition("/")
    return f"{scheme}://{hosts.rpartition('@')[2]}{slash}{name}"


def _name(pair: str) -> str:
    return pair.partition("=")[0].lower()
