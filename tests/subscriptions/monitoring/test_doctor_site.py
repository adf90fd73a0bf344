"""What the doctor says of the site's mail, and of the way to the payment page."""

from typing import Any

import pytest

from subscriptions.models import CheckoutSession
from tests.subscriptions.monitoring.doctor_command import Doctor

pytestmark = pytest.mark.django_db

DJANGOS = "django.core.mail.backends"


class TestMail:
    @pytest.fixture(autouse=True)
    def _in_production(self, settings: Any) -> None:
        settings.SITE_URL = "https://shop.example.com"
        settings.EMAIL_BACKEND = "config.mail.BackgroundBackend"

    @pytest.mark.parametrize("kind", ["console", "dummy", "filebased", "locmem"])
    def test_that_reaches_nobody(self, doctor: Doctor, settings: Any, kind: str) -> None:
        settings.MAIL_TRANSPORT = f"{DJANGOS}.{kind}.EmailBackend"
        (said,) = doctor().of("mail")
        assert said.startswith("problem: Mail goes to ")
        assert "Set EMAIL_URL" in said

    def test_that_is_sent(self, doctor: Doctor, settings: Any) -> None:
        settings.MAIL_TRANSPORT = f"{DJANGOS}.smtp.EmailBackend"
        assert doctor().of("mail") == ["ok: Mail is sent through the server in EMAIL_URL."]

    @pytest.mark.parametrize(("url", "debug"), [("http://127.0.0.1:8000", False), ("https://shop.example.com", True)])
    def test_to_the_console_is_enough_for_a_developer(
        self, doctor: Doctor, settings: Any, url: str, *, debug: bool
    ) -> None:
        settings.SITE_URL, settings.DEBUG = url, debug
        settings.MAIL_TRANSPORT = f"{DJANGOS}.console.EmailBackend"
        (said,) = doctor().of("mail")
        assert said.startswith("ok: Mail goes to the console or log")


class TestThePaymentPage:
    def test_under_a_domain_that_browsers_refuse(
        self, doctor: Doctor, settings: Any, paid_session: CheckoutSession
    ) -> None:
        CheckoutSession.objects.update(status="open", url="https://pay.example.com/c/pay/cs_1")
        (said,) = doctor().of("payment page")
        assert said.startswith("problem: Stripe's payment page is at https://pay.example.com, ")
        assert "CHECKOUT_ORIGINS=https://pay.example.com" in said
        settings.FORM_TARGETS = [*settings.FORM_TARGETS, "https://pay.example.com"]
        assert doctor().of("payment page") == []

    def test_of_nobody_yet(self, doctor: Doctor) -> None:
        assert doctor().of("payment page") == []
