"""A MongoDB that does not answer: what waits for it, and what is said about it."""

import html
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[3]
# Nobody listens at this port.
ADDRESS = "mongodb://app:hush%2Fhush@127.0.0.1:9/shop?authSource=admin"
SECRETS = "&tls=true&tlsCertificateKeyFilePassword=hush-2"

SETUP = """
import io, time, django
django.setup()
from django.core.management import call_command
from django.test import Client
client = Client(raise_request_exception=False, headers={"host": "127.0.0.1:8000"})
"""
HEALTH = """
begun = time.monotonic()
answer = client.get("/healthz")
print(answer.status_code, answer.json()["status"], time.monotonic() - begun < 4)
"""
PAGES = """
answer = client.get("/")
print(answer.status_code, answer.content.decode())
answer = client.post("/accounts/login/", {"username": "ada", "password": "a password"})
print(answer.status_code, answer.content.decode())
"""
COMMANDS = """
for command in (["check", "--database", "default"], ["stripe_doctor"], ["sync_subscriptions"], ["migrate"]):
    try:
        call_command(*command)
    except BaseException as error:
        print(command[0], "ended with", repr(error))
"""


def run(script: str, url: str, **settings: str) -> str:
    """Run a script in a process of its own, and return all that it wrote."""
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": os.devnull,
        "SECRET_KEY": "the-suite-has-no-secrets",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
        "STRIPE_KEY": "sk_test_suite",
    } | settings
    done = subprocess.run(  # noqa: PLW1510, S603
        [sys.executable, "-c", SETUP + script],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_the_health_check_answers_in_time() -> None:
    assert "\n503 unavailable True\n" in "\n" + run(HEALTH, ADDRESS)


@pytest.mark.parametrize(("script", "debug"), [(PAGES, "True"), (PAGES + COMMANDS, "False")], ids=["debug", "live"])
def test_nothing_shows_a_password(script: str, debug: str) -> None:
    text = run(script, f"{ADDRESS}{SECRETS}&serverSelectionTimeoutMS=100", DEBUG=debug)
    assert "127.0.0.1:9: [Errno 111] Connection refused" in html.unescape(text)
    assert "hush" not in text
