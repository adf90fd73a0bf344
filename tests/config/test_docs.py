"""The documents keep up: whatever a deployer can set, run or must send is written down."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config import env
from config.processes import programs
from subscriptions.webhooks import handlers

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OUR_COMMANDS = sorted(
    name for name, app in get_commands().items() if app in {"billing", "subscriptions", "config", "django_crontab"}
)


class TestReadme:
    @pytest.mark.parametrize("setting", sorted(env.NAMES))
    def test_names_every_setting(self, setting: str) -> None:
        assert f"`{setting}`" in README

    @pytest.mark.parametrize("command", OUR_COMMANDS)
    def test_names_every_command(self, command: str) -> None:
        assert f"`{command}" in README

    def test_names_only_files_that_are_there(self) -> None:
        table = README.split("## Where things happen")[1].split("\n## ")[0]
        named = list(re.findall(r"`([\w/.]+/[\w/.]*)`", table))
        assert len(named) > 15
        assert [path for path in named if not (ROOT / path).exists()] == []

    def test_shows_its_pictures(self) -> None:
        pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
        assert pictures
        assert all((ROOT / picture).stat().st_size > 10_000 for picture in pictures)


class TestEveryPage:
    PAGES = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    ROOMS = "billing|subscriptions|config|sandbox|templates|static|deploy|docs|benchmarks|tests"

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_names_only_files_that_are_there(self, page: Path) -> None:
        named = re.findall(rf"`((?:{self.ROOMS})/[\w./-]*)`", page.read_text())
        assert [path for path in named if not (ROOT / path).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_links_only_to_files_that_are_there(self, page: Path) -> None:
        linked = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
        assert [path for path in linked if not (page.parent / path).exists()] == []

    @pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
    def test_names_only_commands_that_there_are(self, page: Path) -> None:
        text = page.read_text()
        assert set(re.findall(r"manage\.py (\w+)", text)) <= set(get_commands())
        targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        assert set(re.findall(r"(?:^|`)(?:\w+=\S+ )*make ([a-z0-9-]+)", text, re.MULTILINE)) <= targets


class TestDecisions:
    def test_every_record_is_listed_by_its_title(self) -> None:
        folder = ROOT / "docs" / "decisions"
        listed = re.findall(r"^- \[(.+)\]\(([\w-]+\.md)\)$", (folder / "README.md").read_text(), re.MULTILINE)
        titles = {
            record.name: record.read_text().partition("\n")[0].removeprefix("# ")
            for record in folder.glob("*.md")
            if record.name != "README.md"
        }
        assert {name: title for title, name in listed} == titles
        assert len(listed) == len(titles)


class TestOperations:
    def test_explains_every_code_of_the_health(self) -> None:
        source = (ROOT / "subscriptions" / "monitoring" / "health.py").read_text()
        problems, warnings = source.split("def _problems")[1].split("def _warnings")
        codes = dict.fromkeys(re.findall(r'Note\("(\w+)"', problems), "problem")
        codes |= dict.fromkeys(re.findall(r'Note\("(\w+)"', warnings), "warning")
        assert dict(re.findall(r"^\| `(\w+)` \| (problem|warning) \|", OPERATIONS, re.MULTILINE)) == codes

    def test_names_every_file_of_a_deployment(self) -> None:
        files = sorted(f"deploy/{file.name}" for file in (ROOT / "deploy").iterdir())
        assert sorted(set(re.findall(r"`(deploy/[\w.-]+)`", OPERATIONS))) == files

    def test_units_run_commands_that_there_are(self) -> None:
        units = "".join(unit.read_text() for unit in (ROOT / "deploy").glob("*.service"))
        assert set(re.findall(r"manage\.py (\w+)", units)) == {"migrate", "collectstatic", "sync_subscriptions"}
        site = programs.site(host="127.0.0.1", workers=2).command
        served = re.search(r"ExecStart=.*(config\.wsgi:application) (.*)", units)
        assert served is not None
        assert "--no-control-socket" in served[2].split()
        assert "--no-control-socket" in site


class TestEvents:
    def test_page_lists_exactly_those_that_are_handled(self) -> None:
        page = (ROOT / "docs" / "events.md").read_text()
        listed, others = page.split("## From webhooks alone")
        assert set(re.findall(r"^\| `([\w.]+)`", listed, re.MULTILINE)) == set(handlers.LISTED_BY_SYNC)
        assert set(re.findall(r"^\| `([\w.]+)`", others, re.MULTILINE)) == set(handlers.WEBHOOK_ONLY)

    def test_stripe_lists_them_in_one_call(self) -> None:
        """https://docs.stripe.com/api/events/list: up to 20 types."""
        assert len(handlers.LISTED_BY_SYNC) <= 20
