"""One process of the product: it takes orders from the machine, one JSON line each, and does what a person, Stripe or
cron would have it do, through the product's own doors.

Its clock is Stripe's, so that leases and claims expire when time is moved; it waits for nothing.
"""

import json
import logging
import os
import re
import socket
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import django.utils.timezone
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client

from billing import gateway
from subscriptions.sync import incremental, lease
from tests.chaos import mutations, people
from tests.chaos.stop_points import StopPoints, Wire, watch_database

PATIENCE = (1.0, 0.4)  # Seconds to connect, and for an answer.
LONGEST_NAP = 0.002

_sleep = time.sleep


def serve(driver: socket.socket) -> None:
    """Take orders until the driver hangs up."""
    Worker(driver).serve()


class Worker:
    """A process that works on one order at a time."""

    def __init__(self, driver: socket.socket) -> None:
        self._lines = driver.makefile("rw", encoding="utf-8")
        self._clock = 0.0
        self.stop_points = StopPoints(self._stand_still)
        self._prepare(self._read())
        self._write({"process": os.getpid()})

    def serve(self) -> None:
        while order := self._read():
            self._set_clock(order)
            self.stop_points.plan(kill_at=order.get("kill_at", 0), pause_at=order.get("pause_at", 0))
            try:
                result = ORDERS[order["do"]](order)
            except Exception:  # noqa: BLE001  (told apart from a kill, and for the machine to judge)
                result = {"crashed": traceback.format_exc(limit=-6)}
            self._write(result)

    def _read(self) -> dict[str, Any]:
        line = self._lines.readline()
        order: dict[str, Any] = json.loads(line) if line else {}
        return order

    def _write(self, answer: dict[str, Any]) -> None:
        self._lines.write(json.dumps(answer) + "\n")
        self._lines.flush()

    def _stand_still(self, where: str) -> None:
        self._write({"paused": where})
        self._set_clock(self._read())

    def _set_clock(self, order: dict[str, Any]) -> None:
        self._clock = order["now"]

    def _prepare(self, database: dict[str, Any]) -> None:
        logging.disable()
        settings.ALLOWED_HOSTS = ["*"]
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = database["database"]
        time.sleep = lambda seconds: _sleep(min(seconds, LONGEST_NAP))
        # Runs on, so that two moments differ, but a twentieth as fast, so that it stays with Stripe's seconds.
        started = database["began"]
        django.utils.timezone.now = lambda: datetime.fromtimestamp(
            self._clock + (time.monotonic() - started) / 20, UTC
        )
        watch_database(self.stop_points)
        gateway.use_transport(Wire(self.stop_points, PATIENCE))
        if database.get("without"):
            mutations.take_away(database["without"])


# --- Orders ------------------------------------------------------------------


def _webhook(order: dict[str, Any]) -> dict[str, Any]:
    response = browser_of().post(
        "/stripe/webhook/",
        data=order["body"],
        content_type="application/json",
        headers={"Stripe-Signature": order["signature"]},
    )
    return {"status": response.status_code, "text": response.content.decode()[:200]}


def _page(order: dict[str, Any]) -> dict[str, Any]:
    """One request of a signed-in customer."""
    browser = browser_of(order["user"])
    if order["method"] == "POST":
        return _shown(browser.post(order["path"], order.get("form", {})))
    return _shown(browser.get(order["path"], order.get("form", {})))


def _read_page(order: dict[str, Any]) -> dict[str, Any]:
    """A page or an answer of the API, as a signed-in customer reads it."""
    browser = browser_of(order["user"])
    response = browser.post(order["path"]) if order.get("method") == "POST" else browser.get(order["path"])
    return {**_shown(response), "text": response.content.decode()}


def _change(order: dict[str, Any]) -> dict[str, Any]:
    """Look at what a change costs, and confirm it."""
    browser, form = browser_of(order["user"]), {"quantity": order["quantity"]}
    page = browser.get(order["path"], form)
    token = re.search(r'name="preview" value="([^"]+)"', page.content.decode())
    if token is None:
        return _shown(page)
    main = page.content.decode().partition("<main")[2]
    now, _, later = main.partition("If you change later")
    # Nobody can click what the page does not offer.
    when = order["when"] if later else "now"
    confirmed = browser.post(order["path"], {**form, "preview": token[1], "when": when})
    return {**_shown(confirmed), "when": when, "promised": later if when == "period_end" else now}


def _cancel(order: dict[str, Any]) -> dict[str, Any]:
    """Look at what a cancel means, and confirm it."""
    browser = browser_of(order["user"])
    page = browser.get(order["path"])
    return {
        **_shown(browser.post(order["path"], {"when": order["when"]})),
        "promised": page.content.decode().partition("<main")[2],
    }


def _sync(order: dict[str, Any]) -> dict[str, Any]:
    try:
        run = incremental.run(full=order["full"], now=django.utils.timezone.now())[0]
    except lease.LeaseHeld as held:
        return {"ran": False, "why": str(held)}
    return {"ran": True, "is_complete": run.is_complete, "failed": run.failed, "error": run.error}


def empty_tables(_order: dict[str, Any] | None = None) -> dict[str, Any]:
    for app in ("billing", "subscriptions"):
        for model in apps.get_app_config(app).get_models():
            model._default_manager.all().delete()
    people.restore()
    return {}


def browser_of(person: int | str | None = None) -> Client:
    browser = Client(raise_request_exception=False)
    if person is not None:
        browser.cookies[settings.SESSION_COOKIE_NAME] = people.session_of(person)
    return browser


def _shown(response: Any) -> dict[str, Any]:
    why = ""
    if response.status_code >= 400:
        why = re.sub(r"<[^>]+>|\s+", " ", response.content.decode().partition("<main")[2])[:300]
    if getattr(response, "exc_info", None):
        why = repr(response.exc_info[1])
    return {"status": response.status_code, "location": response.headers.get("Location", ""), "why": why}


ORDERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "webhook": _webhook,
    "page": _page,
    "read": _read_page,
    "ask": _read_page,
    "link": _page,
    "leave": _page,
    "change": _change,
    "cancel": _cancel,
    "sync": _sync,
    "empty_tables": empty_tables,
}
