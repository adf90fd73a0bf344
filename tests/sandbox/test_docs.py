"""`docs/sandbox.md` names every control and every test card."""

import re
from pathlib import Path

import pytest

from sandbox.controls import routes as controls
from sandbox.payments import cards
from tests.sandbox.every_operation.unplayed import refused, unplayed

ROOT = Path(__file__).resolve().parents[2]
DOCS = (ROOT / "docs" / "sandbox.md").read_text()
CONTROLS = [f"{method} /_sandbox/{path}" for module in controls.MODULES for method, path, _ in module.ROUTES]


def rows(heading):
    """Return the first cell of each row of a section's table, without the header."""
    section = DOCS.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| `")]


def test_names_every_control():
    assert sorted(rows("Controls for programs")) == sorted(f"`{control}`" for control in CONTROLS)


@pytest.mark.parametrize("card", cards.TEST_CARDS, ids=lambda card: card.alias)
def test_names_every_card(card):
    groups = " ".join(card.number[start : start + 4] for start in range(0, len(card.number), 4))
    assert f"| `{groups}` | `{card.alias}` |" in DOCS


def test_names_no_other_card():
    assert len(rows("Test cards")) == len(cards.TEST_CARDS)


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(sandbox/[\w/.]+)`", DOCS))))
def test_names_files_that_exist(path):
    assert (ROOT / path).exists()


def test_names_every_operation_that_is_not_played():
    section = " ".join(DOCS.split("## What is not supported\n")[1].split("\n### ")[0].split())
    named = set(re.findall(r"`(/v1/[^`]*/…|[A-Z]+ /v1/[^`]*)`", section))
    assert named == unplayed()


def test_names_every_parameter_that_is_refused():
    section = " ".join(DOCS.split("### Refused parameters\n")[1].split("\n## ")[0].split())
    named = {
        called: re.findall(r"`([^`]+)`", names)
        for called, names in re.findall(r"- `([A-Z]+ /v1/[^`]+)`: ((?:`[^`]+`(?:, )?)+)", section)
    }
    assert named == refused()
