"""The visitors that make the site wait: buyers, people who forgot their password or mistype it, and slow clients."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlencode

from benchmarks.waiting.site import Site

BUYERS = 8
FORGETFUL = 8
GUESSERS = 16
SLOW = 50

TOKEN = "t" * 32  # Django accepts any text of this length, if cookie and form have the same.
FORM = "application/x-www-form-urlencoded"

Answers = list["Future[tuple[int, float]]"]


@dataclass(frozen=True)
class Crowd:
    """The threads of the visitors, who stop once `is_over` is set."""

    site: Site
    pool: ThreadPoolExecutor
    is_over: threading.Event


Visit = Callable[[Crowd], Answers]


def nobody(_: Crowd) -> Answers:
    return []


def buyers(crowd: Crowd) -> Answers:
    path = f"/buy/{crowd.site.price}/"
    sessions = crowd.site.sessions[:BUYERS]
    return [crowd.pool.submit(_post, crowd.site, path, {}, session) for session in sessions]


def forgetful(crowd: Crowd) -> Answers:
    forms = [{"email": f"p{number}@example.com"} for number in range(FORGETFUL)]
    return [crowd.pool.submit(_post, crowd.site, "/accounts/password_reset/", form) for form in forms]


def guessers(crowd: Crowd) -> Answers:
    def guess() -> tuple[int, float]:
        form = {"username": "p0", "password": "wrong"}
        while True:
            answer = _post(crowd.site, "/accounts/login/", form)
            if crowd.is_over.wait(0.05):
                return answer

    return [crowd.pool.submit(guess) for _ in range(GUESSERS)]


def slow_clients(crowd: Crowd) -> Answers:
    for number in range(SLOW):
        crowd.pool.submit(_drip, crowd.site, crowd.is_over, in_body=number % 2 == 0)
    return []


def all_of_them(crowd: Crowd) -> Answers:
    others = (slow_clients, guessers, forgetful, buyers)
    return [answer for visit in others for answer in visit(crowd)]


@contextmanager
def visiting(site: Site, visit: Visit) -> Iterator[Answers]:
    """Start the visit, and stop it at the end of the block."""
    is_over = threading.Event()
    with ThreadPoolExecutor(SLOW + BUYERS + FORGETFUL + GUESSERS) as pool:
        try:
            yield visit(Crowd(site, pool, is_over))
        finally:
            is_over.set()


def seconds_of_a_check(site: Site) -> float:
    """Ask `/healthz` as a load balancer does; returns the time, or raises OSError."""
    began = time.perf_counter()
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=60)) as connection:
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
    if response.status != 200:  # noqa: PLR2004
        raise OSError(f"/healthz answered {response.status}")
    return time.perf_counter() - began


def _post(site: Site, path: str, form: dict[str, str], session: str = "") -> tuple[int, float]:
    """Send a form; returns the status and the time."""
    began = time.perf_counter()
    headers = {"Content-Type": FORM, "Cookie": f"csrftoken={TOKEN}; sessionid={session}"}
    with closing(HTTPConnection("127.0.0.1", site.port, timeout=60)) as connection:
        connection.request("POST", path, urlencode(form | {"csrfmiddlewaretoken": TOKEN}), headers)
        response = connection.getresponse()
        response.read()
    return response.status, time.perf_counter() - began


def _drip(site: Site, is_over: threading.Event, *, in_body: bool) -> None:
    head = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    with suppress(OSError), socket.create_connection(("127.0.0.1", site.port)) as client:
        client.sendall(head + (b"Content-Length: 10000\r\n\r\n" if in_body else b"X-Slow: "))
        while not is_over.wait(0.2):
            client.sendall(b"x")
