"""The settings as a deployment gets them: defaults, what https:// switches on, and what is refused at start."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config import env
from tests.config.conftest import Load

PROJECT: Path = settings.BASE_DIR


class TestDefaults:
    def test_are_the_documented_ones(self, load: Load) -> None:
        found = load()
        assert found["DEBUG"] is False
        assert found["SITE_URL"] == "http://127.0.0.1:8000"
        assert found["ALLOWED_HOSTS"] == ["127.0.0.1", "127.0.0.1", "localhost", "[::1]"]
        assert found["CSRF_TRUSTED_ORIGINS"] == ["http://127.0.0.1:8000"]
        assert found["DATABASES"]["default"]["NAME"] == str(PROJECT / "db.sqlite3")
        assert found["STRIPE_KEY"] == ""
        assert found["STRIPE_WEBHOOK_SECRETS"] == []
        assert found["STRIPE_API_BASE"] == ""
        assert (found["CHECKOUT_SUCCESS_URL"], found["CHECKOUT_CANCEL_URL"]) == ("", "")
        assert found["SYNC_INTERVAL_SECONDS"] == 30
        assert found["SYNC_FULL_EVERY_HOURS"] == 24
        assert found["STRIPE_MAX_RPS"] == 24
        assert found["INACTIVE_CUSTOMERS"] == "archive"
        assert (found["API_RATE_PER_TOKEN"], found["API_RATE_PER_ADDRESS"]) == (600, 120)
        assert (found["TRUSTED_PROXIES"], found["CORS_ALLOWED_ORIGINS"]) == (0, [])

    def test_the_local_address_follows_the_port(self, load: Load) -> None:
        assert load(PORT="9000")["SITE_URL"] == "http://127.0.0.1:9000"

    def test_the_host_of_the_site_is_answered(self, load: Load) -> None:
        found = load(SITE_URL="https://shop.example.com/")
        assert found["SITE_URL"] == "https://shop.example.com"
        assert "shop.example.com" in found["ALLOWED_HOSTS"]
        assert found["CSRF_TRUSTED_ORIGINS"] == ["https://shop.example.com"]

    def test_several_webhook_secrets(self, load: Load) -> None:
        assert load(STRIPE_WEBHOOK_SECRET="whsec_new, whsec_old")["STRIPE_WEBHOOK_SECRETS"] == [
            "whsec_new",
            "whsec_old",
        ]

    def test_the_slash_at_the_end_of_stripes_address_is_dropped(self, load: Load) -> None:
        assert load(STRIPE_API_BASE="http://127.0.0.1:8420/")["STRIPE_API_BASE"] == "http://127.0.0.1:8420"


class TestRefusals:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("SECRET_KEY", ""),
            ("DEBUG", "perhaps"),
            ("PORT", "http"),
            ("SITE_NAME", "Hush\nhush"),
            ("SITE_URL", "shop.example.com"),
            ("SITE_URL", "https://shop.example.com/shop"),
            ("DATABASE_URL", "mysql://app:hush@db/shop"),
            ("STRIPE_API_BASE", "hush"),
            ("CHECKOUT_SUCCESS_URL", "hush"),
            ("CHECKOUT_CANCEL_URL", "hush/canceled"),
            ("CHECKOUT_ORIGINS", "https://pay.example.com/hush"),
            ("CHECKOUT_ORIGINS", "hush; script-src *"),
            ("HSTS_PRELOAD", "yes"),
            ("SYNC_INTERVAL_SECONDS", "15"),
            ("SYNC_INTERVAL_SECONDS", "45"),
            ("SYNC_INTERVAL_SECONDS", "0"),
            ("SYNC_FULL_EVERY_HOURS", "0"),
            ("STRIPE_MAX_RPS", "0"),
            ("INACTIVE_CUSTOMERS", "destroy"),
            ("EMAIL_URL", "hush"),
        ],
    )
    def test_name_the_setting_and_not_its_value(self, load: Load, name: str, value: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=rf"^{name} ") as refusal:
            load(**{name: value})
        assert "hush" not in str(refusal.value)

    def test_a_secret_key_is_not_needed_while_debugging(self, load: Load) -> None:
        assert load(SECRET_KEY="", DEBUG="True")["SECRET_KEY"] == "insecure-and-only-for-debug"


TLS_SETTINGS = {
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS",
    "SECURE_PROXY_SSL_HEADER",
    "SESSION_COOKIE_SECURE",
    "CSRF_COOKIE_SECURE",
}


class TestTransport:
    def test_https_switches_everything_on(self, load: Load) -> None:
        found = load(SITE_URL="https://shop.example.com")
        assert {name for name in TLS_SETTINGS if found[name]} == TLS_SETTINGS

    @pytest.mark.parametrize(
        ("url", "host"),
        [("https://shop.example.com", "shop.example.com"), ("https://shop.example:8443", "shop.example:8443")],
    )
    def test_plain_requests_are_led_to_the_sites_own_host(self, load: Load, url: str, host: str) -> None:
        assert load(SITE_URL=url)["SECURE_SSL_HOST"] == host

    def test_a_plain_local_port_works_without(self, load: Load) -> None:
        found = load()
        assert {name for name in TLS_SETTINGS if found[name]} == set()

    def test_is_fit_to_deploy(self) -> None:
        result = manage("check", "--deploy", "--fail-level", "WARNING", **DEPLOYED)
        assert result.returncode == 0, result.stderr
        assert "no issues" in result.stdout

    @pytest.mark.parametrize("url", ["", "consolemail://", "dummymail://", "filemail://", "memorymail://"])
    def test_mail_to_nobody_is_not_fit_to_deploy(self, url: str) -> None:
        result = manage("check", "--deploy", "--fail-level", "WARNING", **DEPLOYED | {"EMAIL_URL": url})
        assert result.returncode == 1
        assert "(subscriptions.W001) Mail goes to " in result.stderr

    def test_subdomains_are_bound_only_when_asked(self, load: Load) -> None:
        found = load(SITE_URL="https://shop.example.com")
        assert (found["SECURE_HSTS_INCLUDE_SUBDOMAINS"], found["SECURE_HSTS_PRELOAD"]) == (False, False)
        found = load(SITE_URL="https://shop.example.com", HSTS_INCLUDE_SUBDOMAINS="yes", HSTS_PRELOAD="yes")
        assert (found["SECURE_HSTS_INCLUDE_SUBDOMAINS"], found["SECURE_HSTS_PRELOAD"]) == (True, True)

    def test_forms_lead_to_stripes_pages(self, load: Load) -> None:
        stripes = ["https://checkout.stripe.com", "https://billing.stripe.com"]
        assert load()["FORM_TARGETS"] == stripes
        found = load(
            STRIPE_API_BASE="http://127.0.0.1:8420/x/", CHECKOUT_ORIGINS="https://Pay.example.com/,http://a:1"
        )
        assert found["FORM_TARGETS"] == [*stripes, "http://127.0.0.1:8420", "https://pay.example.com", "http://a:1"]


class TestCommandLine:
    def test_settings_are_found_from_any_folder(self, tmp_path: Path) -> None:
        variables = {"SECRET_KEY": "k" * 50, "DATABASE_URL": "sqlite:///elsewhere.sqlite3"}
        file = tmp_path / "settings.env"
        file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        code = "from django.conf import settings; print(settings.DATABASES['default']['NAME'])"
        result = manage("shell", "-v0", "-c", code, cwd=tmp_path, ENV_FILE=str(file))
        assert result.stdout.strip() == str(PROJECT / "elsewhere.sqlite3")

    def test_nonsense_is_one_line_and_no_traceback(self) -> None:
        result = manage("check", **DEPLOYED | {"STRIPE_MAX_RPS": "fast"})
        assert result.returncode == 1
        assert result.stderr == "STRIPE_MAX_RPS must be a whole number, 1 or more\n"


class TestNames:
    """The settings are named in three places: where they are read, explained and forgotten."""

    def test_agree(self) -> None:
        read = re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (PROJECT / "config" / "settings.py").read_text())
        explained = re.findall(r"^#?([A-Z_]+)=", (PROJECT / ".env.example").read_text(), re.MULTILINE)
        assert sorted(explained) == sorted(set(read)) == sorted(env.NAMES)


DEPLOYED = {
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "SITE_URL": "https://shop.example.com",
    "EMAIL_URL": "smtp+tls://user:hush@mail.example.com:587",
    "STRIPE_KEY": "sk_live_1",
    "STRIPE_WEBHOOK_SECRET": "whsec_1",
}


def manage(*arguments: str, cwd: Path = PROJECT, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | variables
    command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)  # noqa: S603
