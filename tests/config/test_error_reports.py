"""No password of a setting is on an error page or in a report, also where it is part of an address."""

import html
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.views.debug import ExceptionReporter
from pymongo import MongoClient

from config import databases

URLS = [
    "mongodb://app:hush@db.example.com/shop",
    "mongodb+srv://app:hush@db.example.com/shop?authMechanismProperties=AWS_SESSION_TOKEN:hush",
    "postgres://app:hush@db.example.com/shop",
]


@pytest.mark.parametrize("url", URLS)
def test_a_report_has_no_password(url: str, settings: Any, rf: RequestFactory) -> None:
    settings.DEBUG = True
    settings.OTHER = {"default": databases.parse(url, folder=settings.BASE_DIR), "url": url, "urls": [url, (url,)]}
    settings.CACHES = {**settings.CACHES, "other": {"LOCATION": "redis://:hush@cache:6379/1"}}
    request = rf.get("/", DATABASE_URL=url)
    reporter = ExceptionReporter(request, ValueError, ValueError("broken"), None)
    for report in (reporter.get_traceback_html(), reporter.get_traceback_text()):
        assert "hush" not in report
        assert "db.example.com" in report


def test_the_debugging_page_of_a_missing_one_has_none(client: Client, settings: Any) -> None:
    settings.DEBUG = True
    assert settings.SECRET_KEY not in client.get("/nothing-here/").content.decode()


def test_variables_of_the_driver_have_no_password(
    settings: Any, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DEBUG = True
    # In two parts: the report shows the lines around the error.
    secret, quoted = "hu" + "sh", "hu" + "'sh"
    url = f"mongodb://app:{quoted}@db.example.com/shop?tls=true&tlsCertificateKeyFilePassword={secret}"
    entry = databases.parse(url, folder=settings.BASE_DIR)
    monkeypatch.setitem(settings.DATABASES, "other", entry)

    def connect() -> None:
        options = {"username": entry["USER"], "password": entry["PASSWORD"], **entry["OPTIONS"]}
        with MongoClient(entry["HOST"], connect=False, **options) as client:
            raise ValueError(client.nodes)

    with pytest.raises(ValueError, match="frozenset") as broken:
        connect()
    report = ExceptionReporter(rf.get("/"), broken.type, broken.value, broken.tb).get_traceback_html()
    assert secret not in report
    assert quoted not in html.unescape(report)
    assert "db.example.com" in report
