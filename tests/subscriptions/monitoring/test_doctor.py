"""`manage.py stripe_doctor`: calm where all is well, and clear where the database can't be used."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import stripe

from billing.models import Price
from tests.fixtures import LocalStripe
from tests.running import Running
from tests.subscriptions.conftest import settle
from tests.subscriptions.monitoring.doctor_command import Doctor
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestASoundSetUp:
    def test_is_all_well(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.forget_calls()
        said = doctor("--fix")
        assert said.left == ""
        assert [line for lines in said.lines.values() for line in lines if not line.startswith("ok: ")] == []
        assert list(said.lines) == [
            "database", "key", "webhook secret", "webhook endpoint", "API version", "catalog", "events",
            "cron", "duplicates", "people", "mail",
        ]  # fmt: skip
        assert {call.partition(" ")[0] for call in local_stripe.calls} == {"GET"}

    def test_an_empty_database_is_calm(self, doctor: Doctor, endpoint: stripe.WebhookEndpoint) -> None:
        settle()
        said = doctor()
        assert said.left == ""
        assert said.of("catalog") == ["ok: 0 products and 0 prices, as at Stripe."]
        assert said.of("API version")[0] == starting("note: Nothing has happened at Stripe")


@pytest.mark.only_on("sqlite")
class TestTheDatabase:
    """Also where Django's own checks would stop every other command."""

    def doctor(self, settings: Any, url: str) -> tuple[list[str], int]:
        environment = {"ENV_FILE": os.devnull, "SECRET_KEY": "k", "DATABASE_URL": url, "STRIPE_KEY": "sk_test_1"}
        command = Running(settings.BASE_DIR, "stripe_doctor", **environment)
        return command.read_to_the_end().splitlines(), command.process.returncode

    def test_without_its_tables(self, settings: Any, tmp_path: Path) -> None:
        said, code = self.doctor(settings, f"sqlite:///{tmp_path}/new.sqlite3")
        assert re.sub(r"\d+", "N", said[0]) == (
            "problem  database          N migrations have not been applied. Run `manage.py migrate`."
        )
        assert (said[1:], code) == (["CommandError: problems: 1"], 1)

    @pytest.mark.parametrize("url", ["postgres://shop@127.0.0.1:1/shop", "mongodb://127.0.0.1:1/shop"])
    def test_that_does_not_answer(self, settings: Any, url: str) -> None:
        said, code = self.doctor(settings, url)
        assert said[0] == starting("problem  database          The database at DATABASE_URL does not answer: ")
        assert "127.0.0.1" in said[0]
        assert (said[1:], code) == (["CommandError: problems: 1"], 1)
