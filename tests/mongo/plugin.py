"""Fails each test of which MongoDB would not take a command well; on a server of one's own, prints its plans too."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient, monitoring

from tests import engines
from tests.mongo.recorder import recorder

# Also for the stand-in, which explains simple statements: TEST_MONGODB_EXPLAIN=1.
EXPLAINS = bool(engines.MONGODB_URL or os.environ.get("TEST_MONGODB_EXPLAIN"))
monitoring.register(recorder)  # mongomock sends no commands: tests/mongo/mongomock.py says there what was asked.
SURPRISES = pytest.StashKey[set[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SURPRISES] = set()


@pytest.fixture(scope="session", autouse=EXPLAINS)
def explained(django_db_modify_db_settings: None) -> Iterator[None]:
    """Have each new kind of statement explained, over a connection that is not recorded."""
    from django.db import connection  # noqa: PLC0415  (settings are loaded by now)

    parameters = connection.get_connection_params()
    parameters.pop("name", None)
    with MongoClient(**parameters) as client:
        recorder.client = client
        yield
    recorder.client = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    report = yield
    if call.when == "teardown" and (faults := recorder.taken()):
        report.outcome = "failed"
        told = "\n".join(str(fault) for fault in faults)
        report.longrepr = f"{item.nodeid}\n{told}\nSee tests/mongo/exceptions.py."
    return report


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[SURPRISES].update(node.workeroutput.get("surprises", ()))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if output := getattr(session.config, "workeroutput", None):
        output["surprises"] = recorder.surprises
    session.config.stash[SURPRISES].update(recorder.surprises)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if EXPLAINS:
        surprises = sorted(config.stash[SURPRISES])
        terminalreporter.section(f"plans of MongoDB that differ from what is assumed: {len(surprises)}")
        for each in surprises:
            terminalreporter.write_line(each)
