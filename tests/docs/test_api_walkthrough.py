"""`docs/api.md` does what it shows: its own commands, run against the product and the sandbox."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.docs.walkthrough import differences, run, steps
from tests.running import Running, copy_project, free_ports

DOCUMENT = (settings.BASE_DIR / "docs" / "api.md").read_text()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project with a `.venv`, as `make demo` leaves it."""
    folder = copy_project(tmp_path / "project")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture
def addresses(project: Path) -> Iterator[dict[str, str]]:
    """The demo, running; the document's addresses, and where they are this time."""
    ports = free_ports()
    running = Running(project, "demo", **ports)
    try:
        running.read_until(r"^staff: ")
        yield {"127.0.0.1:8000": f"127.0.0.1:{ports['PORT']}", "127.0.0.1:8420": f"127.0.0.1:{ports['SANDBOX_PORT']}"}
    finally:
        running.stop()
    assert "Traceback" not in running.text


def test_every_command_answers_as_shown(project: Path, addresses: dict[str, str]) -> None:
    script = steps(DOCUMENT)
    answers = run(script, folder=project, replacing=addresses)
    assert len(answers) == len(script)
    compared = [(step, answer) for step, answer in zip(script, answers, strict=True) if step.shown]
    wrong = [
        (step.commands, found)
        for step, answer in compared
        for found in differences(json.loads(step.shown), json.loads(answer))
    ]
    assert wrong == []
    assert len(compared) >= 10


def test_no_shell_block_is_overlooked() -> None:
    assert len(steps(DOCUMENT)) == DOCUMENT.count("```sh\n")
    assert sum(bool(step.shown) for step in steps(DOCUMENT)) == DOCUMENT.count("```json\n")


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, {}),
        ({"a": 1, "…": "…"}, {"a": 2, "b": 3}),
        ({"a": 1, "…": "…"}, {"a": 1}),
        ({"a": 1}, {"a": True}),
        ({"a": None}, {"a": "x"}),
        ({"a": "sub_…"}, {"a": "pi_1"}),
        ({"a": "active"}, {"a": "canceled"}),
        ([1], [1, 2]),
    ],
)
def test_tells_another_answer(shown: object, real: object) -> None:
    assert differences(shown, real)


def test_knows_the_same_answer() -> None:
    assert differences({"a": ["sub_…", None]}, {"a": ["sub_1Qx", None]}) == []
    assert differences({"a": 1, "…": "…"}, {"a": 1, "b": 2}) == []
