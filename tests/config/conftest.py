"""An environment that a test may change as it likes."""

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def bare_environment() -> Iterator[None]:
    """Start without any variable, and put all of them back."""
    saved = dict(os.environ)
    os.environ.clear()
    yield
    os.environ.clear()
    os.environ.update(saved)
