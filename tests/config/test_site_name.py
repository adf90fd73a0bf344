"""The site is called what SITE_NAME says, everywhere people read its name; its colours stand in one file."""

import re

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from django.urls import path
from django.views import defaults

from tests.config.conftest import Load
from tests.wording import ending

ROOT = settings.BASE_DIR
NAME = "Fish & Chips"
ESCAPED = b"Fish &amp; Chips"
PARTS_PEOPLE_READ = ("billing", "subscriptions", "config", "templates", "static")
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b(?=[^{]*[;}])|\b(?:rgb|hsl|oklch)a?\(", re.IGNORECASE)


@pytest.fixture
def _renamed(settings) -> None:
    settings.SITE_NAME = NAME


def fail(request):
    raise RuntimeError


urlpatterns = [path("fail/", fail)]


@pytest.mark.usefixtures("_renamed")
class TestTheName:
    def test_is_on_every_page_of_the_site(self, client, db):
        for address in ("/", "/accounts/login/", "/accounts/signup/", "/no-such-page/"):
            page = client.get(address).content
            assert re.search(rb"<title>[^<]+ \xc2\xb7 " + ESCAPED + rb"</title>", page)
            assert page.count(ESCAPED) == 2
            assert b"Standing Order" not in page

    def test_is_on_the_page_that_has_no_context(self, rf):
        page = defaults.bad_request(rf.get("/"), ValueError()).content
        assert page.count(ESCAPED) == 2

    @pytest.mark.urls(__name__)
    def test_is_on_the_page_for_our_own_failures(self):
        page = Client(raise_request_exception=False).get("/fail/").content
        assert page.count(ESCAPED) == 2

    def test_is_on_every_page_of_the_admin(self, client, staff):
        assert ESCAPED in client.get("/admin/login/").content
        client.force_login(staff)
        page = client.get("/admin/").content
        assert b"| " + ESCAPED + b"</title>" in page
        assert page.count(ESCAPED) == 2
        assert b"Standing Order" not in page

    def test_is_in_the_mail_as_it_is(self, client, db):
        get_user_model().objects.create_user("grace", "grace@example.com", "blue-heron-42")
        client.post("/accounts/password_reset/", {"email": "grace@example.com"})
        (message,) = mail.outbox
        assert message.subject == "Your new password for Fish & Chips"
        assert message.body.splitlines()[-2:] == ["Fish & Chips", ""]


class TestTheSetting:
    def test_names_the_sender_of_mails(self, load: Load):
        found = load(SITE_NAME="Fish, Chips & Söhne", SITE_URL="https://shop.example.com")
        assert found["SITE_NAME"] == "Fish, Chips & Söhne"
        assert found["DEFAULT_FROM_EMAIL"] == ending(" <noreply@shop.example.com>")
        message = mail.EmailMessage("Hello", "Hello", found["DEFAULT_FROM_EMAIL"], ["ada@example.com"]).message()
        assert message["From"] == "=?utf-8?q?Fish=2C_Chips_=26_S=C3=B6hne?= <noreply@shop.example.com>"

    def test_is_the_products_name_by_default(self, load: Load):
        found = load()
        assert found["SITE_NAME"] == "Standing Order"
        assert found["DEFAULT_FROM_EMAIL"] == "Standing Order <noreply@127.0.0.1>"

    def test_stands_in_one_place(self):
        """What people read takes the name from the setting; only its default spells it out."""
        spelled_out = [
            f"{file.relative_to(ROOT)}: {line.strip()}"
            for part in PARTS_PEOPLE_READ
            for file in sorted((ROOT / part).rglob("*"))
            if file.suffix in {".py", ".html", ".txt", ".css", ".svg"}
            for line in file.read_text().splitlines()
            if "Standing Order" in line
        ]
        assert spelled_out == ['config/settings.py: SITE_NAME = env.one_line("SITE_NAME", "Standing Order")']


class TestTheColours:
    def test_stand_in_one_file(self):
        found = {file.name for file in (ROOT / "static").glob("*.css") if COLOUR.search(file.read_text())}
        assert found == {"colours.css"}

    def test_are_on_the_site_and_in_the_admin(self, client, db):
        for address, own in (("/", "site.css"), ("/admin/login/", "admin.css")):
            page = client.get(address).content.decode()
            sheets = re.findall(r'<link rel="stylesheet" href="/static/([\w-]+\.css)"', page)
            assert sheets == ["colours.css", own]

    def test_every_variable_of_the_style_sheets_is_defined(self):
        colours, site = ((ROOT / "static" / name).read_text() for name in ("colours.css", "site.css"))
        defined = set(re.findall(r"(--[\w-]+):", colours + site))
        assert set(re.findall(r"var\((--[\w-]+)", colours + site)) - defined == set()


class TestTheMark:
    def test_is_one_file(self, client, db):
        for address in ("/", "/admin/login/"):
            page = client.get(address).content.decode()
            assert set(re.findall(r'/static/([\w-]+\.svg)"', page)) == {"mark.svg"}
            assert page.count("/static/mark.svg") == 2
        assert [file.name for file in (ROOT / "static").glob("*.svg")] == ["mark.svg"]
