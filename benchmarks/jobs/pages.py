"""The cost of our pages: milliseconds, queries and calls to Stripe."""

import statistics
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client

from benchmarks.site import Site, counted_queries
from benchmarks.standin.process import Standin

PAGES = {
    "plans": ("/", "buyer"),
    "account": ("/account/", "buyer"),
    "admin index": ("/admin/", "staff"),
    "admin: subscriptions": ("/admin/subscriptions/subscription/", "staff"),
    "admin: customers": ("/admin/subscriptions/customer/", "staff"),
}


def show(*, times: int) -> dict[str, Any]:
    """Request each page once unmeasured, then `times` times."""
    site, standin = Site(), Standin(settings.STRIPE_API_BASE)
    told: dict[str, Any] = {}
    for name, (path, who) in PAGES.items():
        site.cookies = _signed_in(who)
        site.get(path)
        standin.forget()
        with counted_queries() as queries:
            took = [_timed(site, path) for _ in range(times)]
        told[name] = {
            "milliseconds": 1000 * statistics.median(took),
            "queries": queries.count / times,
            "calls": standin.traffic().total / times,
        }
    return told


def _timed(site: Site, path: str) -> float:
    began = time.perf_counter()
    status, _content = site.get(path)
    if status != 200:  # noqa: PLR2004
        raise RuntimeError(f"{path} answered {status}")
    return time.perf_counter() - began


def _signed_in(name: str) -> str:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return "; ".join(f"{cookie.key}={cookie.value}" for cookie in client.cookies.values())
