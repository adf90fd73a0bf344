"""The ground of the suite: settings of its own, one of three engines, and no skip that nobody notices.

The fixtures of the product's tests are in tests/fixtures.py.
"""

import os
from collections.abc import Iterator

import django
import pytest
from django.conf import settings
from django.test import TransactionTestCase

from config import env
from sandbox.core.store.kept import Kept
from tests import case_ids, engines

# The suite must not see the settings of the person who runs it, a live key least of all.
env.forget()
os.environ |= {
    "DATABASE_URL": engines.database_url(),
    "DEBUG": "True",  # While the settings load: static files need no collecting then. pytest-django turns it off.
    "DJANGO_SETTINGS_MODULE": os.environ.get("TEST_SETTINGS") or "config.settings",
    "ENV_FILE": os.devnull,
    "SECRET_KEY": "the-suite-has-no-secrets",
    "STRIPE_API_BASE": "http://127.0.0.1:9",  # Nobody listens there.
    "STRIPE_KEY": "sk_test_suite",
    "STRIPE_MAX_RPS": "100000",  # Nobody waits here; the pace itself is tested by its arithmetic.
    "STRIPE_WEBHOOK_SECRET": "whsec_suite",
}
# Here and not in a hook: the other conftest.py files may import models.
django.setup()
settings.CRONTAB_EXECUTABLE = "no-crontab"  # The suite must not see the crontab of the person who runs it.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # Made to be fast, not safe.
TransactionTestCase._fixture_teardown = lambda case: engines.empty_tables()

Kept.is_checked = True  # The sandbox then refuses a change within a member of an object, which its copies share.

pytest_plugins = ["tests.fixtures", *(["tests.mongo.plugin", "pytester"] if engines.ENGINE == "mongodb" else [])]
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-skips", action="store_true", help="a test that is skipped fails (so on CI=true)")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "database: put on every test that uses the database, to select with -m")
    config.addinivalue_line("markers", "only_on(*engines): leave the test out on the others")
    config.addinivalue_line("markers", "optional(is_here): leave the test out without the files that it reads")
    config.addinivalue_line("markers", "needs_server(reason): mongomock can't carry it; skipped there")


def pytest_make_parametrize_id(val: object) -> str | None:
    return case_ids.case_id(val)


def pytest_report_header() -> str:
    return f"engine: {engines.name()}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that use the database, leave out those for another engine, skip what mongomock can't carry."""
    left_out = [item for item in items if not (_is_for_this_engine(item) and _has_its_files(item))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(item.fixturenames):
            item.add_marker("database")
        if engines.IS_MONGOMOCK and (marker := item.get_closest_marker("needs_server")):
            item.add_marker(pytest.mark.skip(f"needs a MongoDB server, TEST_MONGODB=server: {marker.args[0]}"))


def _is_for_this_engine(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("only_on")
    return marker is None or engines.ENGINE in marker.args


def _has_its_files(item: pytest.Item) -> bool:
    """Whether the optional files that the test reads are here; a skip could count as a failure."""
    marker = item.get_closest_marker("optional")
    return marker is None or bool(marker.args[0])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[pytest.TestReport]:
    """Fail what was skipped, where skips are not allowed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and _skips_are_forbidden(item.config):
        report.outcome = "failed"
        report.longrepr = f"skipped, which is not allowed here: {report.longrepr[2]}"
    return report


def _skips_are_forbidden(config: pytest.Config) -> bool:
    return config.getoption("--no-skips") or os.environ.get("CI", "").lower() in {"1", "true"}


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[None]:
    """Start the engine when the first test needs it: pytest-django asks this before it makes the database."""
    if reason := engines.why_unavailable():
        pytest.skip(reason)
    with engines.started():
        yield
