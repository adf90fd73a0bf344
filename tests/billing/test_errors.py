"""The words for each failure, for staff and for people."""

import pytest

from billing.errors import StripeFailure, StripeMisconfigured, StripeMissing, StripeRefused, StripeUnavailable


def maybe_done(failure: StripeFailure) -> StripeFailure:
    failure.may_be_done = True
    return failure


@pytest.mark.parametrize(
    ("failure", "for_staff", "for_people"),
    [
        pytest.param(
            StripeUnavailable("Network error: ReadTimeout."),
            "Stripe can't be reached, so this is not done yet. Please try again. (Network error: ReadTimeout.)",
            "Stripe can't be reached, so this is not done yet. Please try again in a moment.",
            id="unavailable",
        ),
        pytest.param(
            maybe_done(StripeUnavailable("Network error: ReadTimeout.")),
            "Stripe can't be reached, so it is not known whether this was done. Please try again: what was done "
            "already is not done twice. (Network error: ReadTimeout.)",
            "Stripe can't be reached, so it is not known whether this was done. Please try again in a moment.",
            id="lost",
        ),
        pytest.param(
            maybe_done(StripeMisconfigured("Not permitted.", setting="STRIPE_KEY")),
            "Stripe does not accept our key for all of this, so a part of it may be done: check STRIPE_KEY. "
            "(Not permitted.)",
            "Payments are not set up correctly here, so it is not known whether all of this was done.",
            id="misconfigured_in_part",
        ),
        pytest.param(
            StripeMisconfigured("Invalid API Key provided.", setting="STRIPE_KEY"),
            "Stripe does not accept our key, so nothing was changed: check STRIPE_KEY. (Invalid API Key provided.)",
            "Payments are not set up correctly here, so nothing was changed or charged.",
            id="misconfigured",
        ),
        pytest.param(
            StripeRefused("Your card was declined."),
            "Stripe refused this: Your card was declined.",
            "Your card was declined.",
            id="refused",
        ),
        pytest.param(
            StripeMissing("No such price: 'price_1'"),
            "Stripe refused this: No such price: 'price_1'",
            "No such price: 'price_1'",
            id="missing",
        ),
    ],
)
def test_says_what_it_means_and_what_to_do(failure: StripeFailure, for_staff: str, for_people: str) -> None:
    assert (failure.for_staff, failure.for_people) == (for_staff, for_people)
