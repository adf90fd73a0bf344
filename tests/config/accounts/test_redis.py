"""With CACHE_URL, tries are counted in Redis, and in the database while Redis is away."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from config import env
from subscriptions import limits
from subscriptions.limits import TooMany, Try
from subscriptions.models import RateCount

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
IS_HERE = shutil.which("redis-server") is not None and find_spec("redis") is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    command = [str(shutil.which("redis-server")), "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    yield port
    server.terminate()
    server.wait(10)


@pytest.fixture
def use(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Count in the Redis on a port."""

    def use_it(port: int) -> None:
        monkeypatch.setenv("CACHE_URL", f"redis://127.0.0.1:{port}/0")
        settings.CACHES = {"default": env.cache("CACHE_URL")}
        settings.COUNTS_IN_CACHE = True

    yield use_it
    with suppress(Exception):
        caches["default"].close()


def tries(count: int, *, at_most: int) -> list[bool]:
    taken = []
    for _ in range(count):
        try:
            limits.take(Try("sign-in", "ada", at_most), now=NOON)
        except TooMany:
            taken.append(False)
        else:
            taken.append(True)
    return taken


@pytest.mark.optional(IS_HERE)
def test_counts_there(redis: int, use: Any) -> None:
    use(redis)
    assert tries(4, at_most=2) == [True, True, False, False]
    limits.give_back(Try("sign-in", "ada", 2), now=NOON)
    assert tries(2, at_most=2) == [True, False]
    assert not RateCount.objects.exists()


@pytest.mark.optional(find_spec("redis") is not None)
def test_counts_in_the_database_while_it_is_away(use: Any) -> None:
    use(free_port())
    assert tries(3, at_most=2) == [True, True, False]
    assert RateCount.objects.get().count == 2


@pytest.mark.optional(find_spec("redis") is not None)
def test_the_api_answers_while_it_is_away(use: Any, client: Client) -> None:
    use(free_port())
    assert client.get("/api/plans").status_code == 200


@pytest.mark.parametrize("url", ["memcached://127.0.0.1", "127.0.0.1:6379", "redis:/x"])
def test_another_kind_of_cache_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("CACHE_URL", url)
    with pytest.raises(ImproperlyConfigured, match=r"^CACHE_URL must begin with redis:// or rediss://$"):
        env.cache("CACHE_URL")


def test_without_one_each_process_has_its_own(load: Any) -> None:
    found = load()
    assert found["CACHES"]["default"]["BACKEND"] == "django.core.cache.backends.locmem.LocMemCache"
    assert found["COUNTS_IN_CACHE"] is False
