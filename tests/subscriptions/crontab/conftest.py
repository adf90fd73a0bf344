"""A crontab program that stands for Debian's."""

from pathlib import Path
from typing import Any

import pytest

from tests.subscriptions.crontab.debian import FakeCrontab


@pytest.fixture
def crontab(tmp_path: Path, settings: Any) -> FakeCrontab:
    fake = FakeCrontab(tmp_path / "fake")
    settings.CRONTAB_EXECUTABLE = str(fake.program)
    return fake
