"""A mail server that says nothing holds up no request, and mails that failed are tried again."""

import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings as site
from django.contrib.auth.models import User
from django.core import mail as django_mail
from django.core.mail import EmailMessage, send_mail
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from pytest_django.fixtures import Settings

from config import mail

sent: list[str] = []
failures: list[Exception] = []


class Transport(BaseEmailBackend):
    """Keeps the subjects of the mails, or fails as often as a test says."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if failures:
            raise failures.pop()
        sent.extend(message.subject for message in email_messages)
        return len(email_messages)


@pytest.fixture(autouse=True)
def transport(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[mail.Sender]:
    settings.EMAIL_BACKEND = "config.mail.BackgroundBackend"
    settings.MAIL_TRANSPORT = f"{__name__}.Transport"
    monkeypatch.setattr(mail, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(mail, "sender", mail.Sender())
    yield mail.sender
    sent.clear()
    failures.clear()


def write(subject: str) -> int:
    return send_mail(subject, "body", None, ["ada@example.com"])


def soon(subjects: list[str]) -> bool:
    deadline = time.monotonic() + 5
    while sent != subjects and time.monotonic() < deadline:
        time.sleep(0.01)
    return sent == subjects


class TestRequest:
    def test_hands_its_mails_over_and_they_are_sent(self) -> None:
        with mail.beside_the_request():
            assert (write("one"), write("two")) == (1, 1)
        assert soon(["one", "two"])

    def test_fails_with_a_header_that_cant_be_sent(self) -> None:
        with mail.beside_the_request(), pytest.raises(ValueError, match="Header values"):
            write("two\nlines")

    def test_tries_three_times(self, caplog: pytest.LogCaptureFixture) -> None:
        failures.extend([OSError(), OSError()])
        with mail.beside_the_request():
            write("one")
        assert soon(["one"])
        assert [record.message for record in caplog.records] == ["a mail was not sent yet: OSError"] * 2

    def test_gives_up_after_the_third(self, caplog: pytest.LogCaptureFixture) -> None:
        failures.extend([OSError()] * 3)
        with mail.beside_the_request():
            write("one")
            deadline = time.monotonic() + 5
            while failures and time.monotonic() < deadline:
                time.sleep(0.01)
            write("two")
        assert soon(["two"])
        assert caplog.records[2].message == "a mail was not sent: OSError"

    def test_keeps_no_more_than_that(self, monkeypatch: pytest.MonkeyPatch, transport: mail.Sender) -> None:
        monkeypatch.setattr(mail, "MOST_WAITING", 0)
        with mail.beside_the_request(), pytest.raises(mail.TooManyWaiting):
            write("one")
        assert sent == []

    @pytest.mark.django_db
    def test_does_not_wait_for_a_silent_server(
        self,
        client: Client,
        settings: Settings,
        person: User,
        transport: mail.Sender,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(mail, "PAUSES", ())
        with socket.create_server(("127.0.0.1", 0)) as silent:
            settings.MAIL_TRANSPORT = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
            settings.EMAIL_TIMEOUT = 30
            began = time.monotonic()
            response = client.post("/accounts/password_reset/", {"email": person.email})
            assert time.monotonic() - began < 5
        assert transport.finish(seconds=5)
        assert (response.status_code, response["Location"]) == (302, "/accounts/password_reset/done/")


class TestElsewhere:
    def test_sends_at_once_and_shows_the_error(self) -> None:
        assert write("one") == 1
        assert sent == ["one"]
        failures.append(OSError("away"))
        with pytest.raises(OSError, match="away"):
            write("two")


class TestConfirmingAnAddress:
    @pytest.mark.django_db
    def test_says_when_no_mail_can_be_sent(self, customer_client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(mail, "MOST_WAITING", 0)
        response = customer_client.post("/account/address/")
        assert response.status_code == 400
        assert "We can&#x27;t send mail right now." in response.content.decode()
        monkeypatch.setattr(mail, "MOST_WAITING", 1)
        assert customer_client.post("/account/address/").status_code == 303
        assert soon([f"Confirm your address for {site.SITE_NAME}"])


def test_the_end_of_a_process_waits_for_mails_that_were_not_tried(transport: mail.Sender) -> None:
    with mail.beside_the_request():
        write("one")
    assert transport.finish(seconds=5)
    assert sent == ["one"]


def test_settings_keep_the_transport_of_the_url(load: Any) -> None:
    found = load(EMAIL_URL="smtp+tls://user:password@mail.example.com:587")
    assert found["MAIL_TRANSPORT"] == "django.core.mail.backends.smtp.EmailBackend"
    assert (found["EMAIL_BACKEND"], found["EMAIL_TIMEOUT"]) == ("config.mail.BackgroundBackend", 10)
    assert django_mail.get_connection(found["EMAIL_BACKEND"]).__class__ is mail.BackgroundBackend
