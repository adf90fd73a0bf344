"""What can go wrong between us and Stripe, in the four kinds that a caller can act on, and the words for each.

`for_staff` says the cause and what to do, `for_people` the same without our settings and Stripe's details.
"""

from typing import Any

# The `code` of a refusal because an idempotency key came again with other parameters.
IDEMPOTENCY_CONFLICT = "idempotency_error"

# Said after a call that may have taken effect.
NOT_KNOWN = "Stripe can't be reached, so it is not known whether this was done."


class StripeFailure(Exception):
    """A call to Stripe failed; `message` is Stripe's own text or ours about the connection.

    `may_be_done` is True if this call or an earlier one of the same request has changed something at Stripe, or may
    have: then nobody may be told that nothing happened.
    """

    may_be_done = False

    def __init__(self, message: str, *, param: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.request_id = request_id

    @property
    def for_staff(self) -> str:
        return self.message

    @property
    def for_people(self) -> str:
        return self.message


class StripeUnavailable(StripeFailure):
    """Stripe could not be reached or could not answer: try again.

    `answered_500` is True after a definite 5xx to a call with an idempotency key of ours. Stripe replays the stored
    500 for that key (https://docs.stripe.com/api/idempotent_requests), so the next try needs a new one.
    """

    def __init__(self, message: str, *, answered_500: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.answered_500 = answered_500

    @property
    def for_staff(self) -> str:
        if self.may_be_done:
            return f"{NOT_KNOWN} Please try again: what was done already is not done twice. ({self.message})"
        return f"Stripe can't be reached, so this is not done yet. Please try again. ({self.message})"

    @property
    def for_people(self) -> str:
        if self.may_be_done:
            return f"{NOT_KNOWN} Please try again in a moment."
        return "Stripe can't be reached, so this is not done yet. Please try again in a moment."


class StripeBusy(StripeUnavailable):
    """Nothing was sent: too many requests of this process wait for a slow Stripe already."""

    @property
    def for_people(self) -> str:
        return "Stripe is slow right now, and many are waiting. This is not done yet: please try again in a moment."


class StripeRefused(StripeFailure):
    """Stripe understood the request and refused it: the same request will be refused again."""

    @property
    def for_staff(self) -> str:
        return f"Stripe refused this: {self.message}"


class StripeMissing(StripeRefused):
    """The object, or one that a parameter names (`param`), is not at Stripe."""


class StripeMisconfigured(StripeFailure):
    """A key, permission or webhook secret is wrong; `setting` names the setting to correct."""

    def __init__(self, message: str, *, setting: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.setting = setting

    def __str__(self) -> str:
        return f"{self.message} (Check {self.setting}.)"

    @property
    def for_staff(self) -> str:
        if self.may_be_done:
            return (
                f"Stripe does not accept our key for all of this, so a part of it may be done: check {self.setting}. "
                f"({self.message})"
            )
        return f"Stripe does not accept our key, so nothing was changed: check {self.setting}. ({self.message})"

    @property
    def for_people(self) -> str:
        if self.may_be_done:
            return "Payments are not set up correctly here, so it is not known whether all of this was done."
        return "Payments are not set up correctly here, so nothing was changed or charged."
