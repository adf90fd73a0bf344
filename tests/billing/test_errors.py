"""The words for each failure, for staff and for people."""

import pytest

from billing.errors import StripeFailure, StripeMisconfigured, StripeMissing, StripeRefused, StripeUnavailable


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
