"""Who sent a command: told by the functions that are running, from the command outwards.

The first of these decides: a request (its path says whose), a management command or migration, a thread's beginning,
or a test. A query that a test makes itself, with no module of the product between, is the test's own.
"""

import sys
from enum import StrEnum
from pathlib import Path
from types import FrameType

import django

ROOT = str(Path(__file__).parents[2])
DJANGO = str(Path(django.__file__).parent)


class Asker(StrEnum):
    PAGE = "a customer's page"
    API = "the JSON API"
    WEBHOOK = "a webhook"
    QUIET_PASS = "a quiet pass"
    PASS = "a pass of the sync"
    ADMIN = "the admin"
    COMMAND = "a management command"
    MIGRATION = "a migration"
    PRODUCT = "a function of the product"
    TEST = "the test itself"


# Somebody waits for these, or they come all the time: they may read a few rows each.
HURRIED = {Asker.PAGE, Asker.API, Asker.WEBHOOK, Asker.QUIET_PASS}

_PATHS = {"/admin/": Asker.ADMIN, "/api/": Asker.API, "/stripe/webhook/": Asker.WEBHOOK}
_REQUEST = f"{DJANGO}/core/handlers/base.py"
_COMMAND = f"{DJANGO}/core/management/base.py"
_MIGRATIONS = f"{DJANGO}/db/migrations/executor.py"
# The product's modules that say it where a test or a command calls them; the innermost decides.
_MODULES = {
    f"{ROOT}/subscriptions/{module}": kind
    for module, kind in {
        "sync/reconcile.py": Asker.PASS,
        "sync/scan.py": Asker.PASS,
        "sync/page_ranges.py": Asker.PASS,
        "sync/inactive_customers.py": Asker.PASS,
        "webhooks/": Asker.WEBHOOK,
        "sync/incremental.py": Asker.QUIET_PASS,
        "management/commands/sync_subscriptions.py": Asker.QUIET_PASS,
        "views/": Asker.PAGE,
        "admin/": Asker.ADMIN,
        "api/": Asker.API,
    }.items()
} | {f"{ROOT}/billing/admin/": Asker.ADMIN, f"{ROOT}/config/accounts/": Asker.PAGE}
_PRODUCT = tuple(f"{ROOT}/{package}/" for package in ("billing", "subscriptions", "config"))
_UNSAID = {Asker.TEST, Asker.PRODUCT}
_TESTS = (f"{ROOT}/tests/",)
# These send the query of every asker, so they say nothing about who asked.
_HERE = (
    f"{ROOT}/config/mongo/",
    f"{ROOT}/tests/mongo/",
    f"{ROOT}/tests/mongomock_adapter.py",
    f"{ROOT}/tests/engines.py",
)


def asker() -> Asker:
    """Return who sends the command that is being sent now."""
    frame: FrameType | None = sys._getframe(1)
    through = Asker.TEST
    while frame:
        path = frame.f_code.co_filename
        if path.startswith(_HERE):
            pass
        elif path == _REQUEST and frame.f_code.co_name == "get_response":
            return _by_path(frame.f_locals["request"].path_info)
        elif path == _MIGRATIONS:
            return Asker.MIGRATION
        elif path == _COMMAND and frame.f_code.co_name == "execute":
            return through if through in {Asker.WEBHOOK, Asker.QUIET_PASS, Asker.PASS} else Asker.COMMAND
        elif path.startswith(_TESTS):
            return through
        elif through in _UNSAID and path.startswith(_PRODUCT):
            through = _by_module(path)
        frame = frame.f_back
    return through


def _by_path(path: str) -> Asker:
    return next((kind for start, kind in _PATHS.items() if path.startswith(start)), Asker.PAGE)


def _by_module(path: str) -> Asker:
    return next((kind for start, kind in _MODULES.items() if path.startswith(start)), Asker.PRODUCT)
