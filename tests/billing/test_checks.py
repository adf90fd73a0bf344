import pytest
from django.core.checks import ERROR, WARNING, run_checks
from pytest_django.fixtures import Settings

from tests.wording import starting


def found() -> list[tuple[str | None, int]]:
    return [(message.id, message.level) for message in run_checks(tags=["stripe"])]


class TestStripeSettings:
    def test_complete_ones_pass(self) -> None:
        assert found() == []

    @pytest.mark.parametrize("key", ["sk_live_1", "sk_test_1", "rk_live_1", "rk_test_1"])
    def test_secret_and_restricted_keys_pass(self, settings: Settings, key: str) -> None:
        settings.STRIPE_KEY = key
        assert found() == []

    def test_a_fresh_clone_is_only_warned(self, settings: Settings) -> None:
        settings.STRIPE_KEY, settings.STRIPE_WEBHOOK_SECRETS = "", []
        assert found() == [("billing.W001", WARNING)]

    @pytest.mark.parametrize("key", ["pk_test_51Abc", "whsec_51Abc", "51Abc"])
    def test_a_key_of_another_kind_is_an_error_that_does_not_repeat_it(self, settings: Settings, key: str) -> None:
        settings.STRIPE_KEY = key
        assert found() == [("billing.E002", ERROR)]
        [message] = run_checks(tags=["stripe"])
        assert message.msg == starting("STRIPE_KEY is not a secret key")
        assert "51Abc" not in message.msg

    def test_no_webhook_secret_is_an_error(self, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        assert found() == [("billing.E001", ERROR)]
