"""The doctor on the keys: the secret key of Stripe's API and the signing secrets of webhooks."""

from typing import Any

import pytest

from tests.fixtures import LocalStripe
from tests.subscriptions.monitoring.doctor_command import Doctor
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("", "problem: STRIPE_KEY is not set. Put your secret key into .env."),
            ("pk_test_1", "problem: STRIPE_KEY is not a secret key: one begins with sk_ or rk_."),
            ("sk_unknown", "problem: Stripe does not accept STRIPE_KEY: Invalid API Key provided: **********"),
        ],
    )
    def test_one_that_does_not_work_leaves_out_what_needs_it(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, key: str, words: str
    ) -> None:
        settings.STRIPE_KEY = key
        said = doctor()
        assert said.of("key") == [words]
        assert set(said.lines) == {
            "database",
            "key",
            "webhook secret",
            "events",
            "cron",
            "duplicates",
            "people",
            "mail",
        }
        assert said.left == "problems: 2"

    def test_stripe_down(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3)
        assert doctor().of("key") == ["problem: Stripe could not be reached: Network error: ConnectionLost."]

    def test_stripe_down_later(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500, count=9, path="/v1/webhook_endpoints")
        assert doctor().of("webhook endpoint")[0] == starting("problem: Stripe gave no answer: ")

    def test_a_live_one_while_debugging(self, doctor: Doctor, local_stripe: LocalStripe, settings: Any) -> None:
        settings.STRIPE_KEY, settings.DEBUG = f"sk_{'live'}_1", True
        assert "problem: STRIPE_KEY is a live key while DEBUG is on" in " ".join(doctor().of("key"))

    @pytest.mark.parametrize(
        ("secrets", "words"),
        [
            ([], "problem: STRIPE_WEBHOOK_SECRET is not set, so every webhook is answered with 500."),
            (["sk_test"], "problem: STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_."),
            (
                ["whsec_a", "sk_test"],
                "problem: STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_.",
            ),
            (["whsec_a", "whsec_b"], "ok: STRIPE_WEBHOOK_SECRET is set"),
        ],
    )
    def test_webhook_secrets(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, secrets: list[str], words: str
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = secrets
        assert doctor().of("webhook secret")[0] == starting(words)
