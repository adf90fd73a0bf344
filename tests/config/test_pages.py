"""What holds for every page: error pages work when little else does, and none needs a loose security policy."""

import re

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest
from django.template import loader
from django.test import Client, override_settings
from django.urls import path
from django.views import defaults

ROOT = settings.BASE_DIR / "templates"
TEMPLATES = sorted(file.relative_to(ROOT).as_posix() for file in ROOT.rglob("*.html"))
INLINE = re.compile(r"<style|<script|\sstyle\s*=|\son[a-z]+\s*=|javascript:", re.IGNORECASE)
REMOTE = re.compile(r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE)


def fail(request: HttpRequest) -> None:
    raise RuntimeError


urlpatterns = [path("fail/", fail)]  # And nothing else that a page could link to.


@pytest.mark.parametrize("name", TEMPLATES)
class TestEveryTemplate:
    def test_compiles(self, name):
        assert loader.get_template(name).origin.name == str(ROOT / name)

    def test_has_nothing_inline_and_nothing_from_elsewhere(self, name):
        source = (ROOT / name).read_text()
        assert INLINE.findall(source) + REMOTE.findall(source) == []


class TestErrorPages:
    """None of these tests may use the database: pytest-django would refuse."""

    def test_not_found(self, client):
        response = client.get("/no-such-page/")
        assert response.status_code == 404
        assert b"<h1>Not found</h1>" in response.content
        assert b'href="/accounts/login/"' in response.content

    def test_not_allowed(self, rf):
        response = defaults.permission_denied(rf.get("/"), PermissionDenied())
        assert response.status_code == 403
        assert b"<h1>Not allowed</h1>" in response.content

    def test_not_understood_does_not_guess_who_is_logged_in(self, rf):
        response = defaults.bad_request(rf.get("/"), SuspiciousOperation())
        assert response.status_code == 400
        assert b"<h1>Not understood</h1>" in response.content
        assert b"/accounts/" not in response.content

    def test_a_form_without_its_token(self):
        response = Client(enforce_csrf_checks=True).post("/accounts/logout/")
        assert response.status_code == 403
        assert b"<h1>Please send it again</h1>" in response.content

    @override_settings(ROOT_URLCONF=__name__)
    def test_our_fault_needs_no_url_names(self):
        response = Client(raise_request_exception=False).get("/fail/")
        assert response.status_code == 500
        assert b"<h1>Something broke</h1>" in response.content
        assert b'<link rel="stylesheet" href="/static/site.css">' in response.content
