"""An environment that a test may change as it likes, and the settings that are read from it."""

import os
import runpy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings

Load = Callable[..., dict[str, Any]]


@pytest.fixture
def bare_environment() -> Iterator[None]:
    """Start without any variable, and put all of them back."""
    saved = dict(os.environ)
    os.environ.clear()
    yield
    os.environ.clear()
    os.environ.update(saved)


@pytest.fixture
def load(bare_environment: None) -> Load:
    """Run the settings file with only the given variables."""

    def run(**variables: str) -> dict[str, Any]:
        os.environ.update({"ENV_FILE": os.devnull, "SECRET_KEY": "k" * 50} | variables)
        return runpy.run_path(str(settings.BASE_DIR / "config" / "settings.py"))

    return run
