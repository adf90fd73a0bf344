"""What can go wrong between us and Stripe, in the four kinds a caller can act on."""

from typing import Any

# The `code` of a refusal because an idempotency key came again with other parameters.
IDEMPOTENCY_CONFLICT = "idempotency_error"


class StripeFailure(Exception):
    """A call to Stripe did not give what was asked for; `message` is fit for staff, not for customers."""

    def __init__(self, message: str, *, param: str = "", code: str = "", request_id: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.request_id = request_id


class StripeUnavailable(StripeFailure):
    """Stripe could not be reached or could not answer: try again.

    `answered_500` is True after a definite 5xx to a call with an idempotency key of ours. Stripe replays the stored
    500 for that key (https://docs.stripe.com/api/idempotent_requests), so the next try needs a new one.
    """

    def __init__(self, message: str, *, answered_500: bool = False, **details: Any) -> None:
        super().__init__(message, **details)
        self.answered_500 = answered_500


class StripeRefused(StripeFailure):
    """Stripe understood and said no: trying the same again is useless."""


class StripeMissing(StripeRefused):
    """The object, or one that a parameter names (`param`), is not at Stripe."""


class StripeMisconfigured(StripeFailure):
    """Key, permission or webhook secret is wrong; `setting` names the setting to mend."""

    def __init__(self, message: str, *, setting: str, **details: Any) -> None:
        super().__init__(message, **details)
        self.setting = setting

    def __str__(self) -> str:
        return f"{self.message} (Check {self.setting}.)"
