"""A stand-in in this process, and jobs that run here instead of in new processes."""

import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import override_settings

from benchmarks.jobs import rows
from benchmarks.machine import Jobs
from benchmarks.standin.process import Standin
from benchmarks.standin.server import Server
from benchmarks.standin.world import World

SUBSCRIPTIONS = 130


class JobsHere(Jobs):
    """Calls the job itself: a process for each would cost a second."""

    def run(self, name: str, *, max_rps: int = 0, **options: Any) -> dict[str, Any]:
        module, _, function = name.partition(".")
        told: dict[str, Any] = getattr(import_module(f"benchmarks.jobs.{module}"), function)(**options)
        return told


@pytest.fixture(scope="session")
def world() -> World:
    return World(SUBSCRIPTIONS)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(World(SUBSCRIPTIONS)) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        with override_settings(STRIPE_API_BASE=f"http://127.0.0.1:{server.server_port}"):
            yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def jobs(server: Server, db: None) -> Iterator[Jobs]:
    """The jobs, with a mirror of the stand-in's subscriptions in the database."""
    rows.fill(subscriptions=SUBSCRIPTIONS)
    # As Django's own test client does: a request's end must not close the test's connection.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield JobsHere(Standin(f"http://127.0.0.1:{server.server_port}", SUBSCRIPTIONS), database_url="")
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
