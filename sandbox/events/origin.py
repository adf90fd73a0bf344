"""Where an event comes from: this account in test mode or another, and in which API version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The account, mode, API version and time of an event, where they are not the sandbox's own."""

    account: str | None = None
    livemode: bool = False
    api_version: str | None = None
    created: int | None = None


OWN = Origin()
