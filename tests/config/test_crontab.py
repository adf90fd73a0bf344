"""`manage.py crontab` on a copy of the project, with a program that answers as Debian's crontab does."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.core.management import ManagementUtility

from subscriptions.crontab.entries import make_lines
from subscriptions.crontab.installation import this_installation
from tests.running import copy_project
from tests.subscriptions.crontab.debian import FakeCrontab, run_as_cron

pytestmark = pytest.mark.only_on("sqlite")  # The projects of these tests have a database of their own.

FOREIGN = "MAILTO=ada\n0 4 * * * backup # django-cronjobs for config\n"
SETTINGS = """\
SECRET_KEY=a-key-of-these-tests
STRIPE_KEY=sk_test_1
STRIPE_API_BASE=http://127.0.0.1:9
STRIPE_WEBHOOK_SECRET=whsec_1
"""


Make = Callable[..., Path]


class Answer(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


@pytest.fixture
def fake(tmp_path: Path) -> FakeCrontab:
    fake = FakeCrontab(tmp_path / "fake")
    fake.table.write_text(FOREIGN)
    return fake


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose modules are compiled: else each copy would compile them anew."""
    project = copy_project(tmp_path_factory.mktemp("project") / "compiled")
    assert manage(project, "crontab", "seen", SECRET_KEY="k").code == 0
    return project


@pytest.fixture
def make(compiled: Path) -> Make:
    """Make a project with its settings in .env; its database is in its folder."""

    def make(folder: Path, more: str = "") -> Path:
        shutil.copytree(compiled, folder)
        (folder / ".env").write_text(SETTINGS + more)
        return folder

    return make


@pytest.fixture
def shop(make: Make, tmp_path: Path) -> Path:
    return make(tmp_path / "shop")


def manage(project: Path, *arguments: str, cwd: Path | None = None, **variables: str) -> Answer:
    done = subprocess.run(  # noqa: S603
        [sys.executable, str(project / "manage.py"), *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": "/", "PWD": str(cwd or "/")} | variables,
        cwd=cwd or "/",
        capture_output=True,
        check=False,
        text=True,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def crontab(project: Path, subcommand: str, fake: FakeCrontab, cwd: Path | None = None, **variables: str) -> Answer:
    return manage(project, "crontab", subcommand, cwd=cwd, PATH=f"{fake.folder}:/usr/bin:/bin", **variables)


def entries(fake: FakeCrontab) -> list[str]:
    """The lines of the table that are not the foreign ones, which must still be there."""
    lines = fake.table.read_text().splitlines(keepends=True)
    assert "".join(lines[:2]) == FOREIGN
    return lines[2:]


class TestAdd:
    def test_installs_two_entries_once_and_shows_them(self, shop: Path, fake: FakeCrontab) -> None:
        said = crontab(shop, "add", fake)
        first, second = entries(fake)
        assert said.code == 0
        assert said.out == f"Entries of this installation in the crontab: 2\n  {first}  {second}"
        assert "Cron does not see" not in said.err
        # Again makes no more, and writes nothing.
        assert crontab(shop, "add", fake).out == said.out
        assert (entries(fake), fake.writes) == ([first, second], 1)

    def test_in_a_user_s_first_table(self, shop: Path, fake: FakeCrontab) -> None:
        fake.table.unlink()
        assert crontab(shop, "add", fake).code == 0
        assert len(fake.table.read_text().splitlines()) == 2

    def test_replaces_what_other_settings_had_made_where_it_was(self, shop: Path, fake: FakeCrontab) -> None:
        crontab(shop, "add", fake)
        with fake.table.open("a") as table:
            table.write("CRON_TZ=Asia/Tokyo\n0 5 * * * more\n")
        assert crontab(shop, "add", fake, SYNC_INTERVAL_SECONDS="300").code == 0
        entry, *rest = entries(fake)
        assert entry.startswith("*/5 * * * * ")
        assert rest == ["CRON_TZ=Asia/Tokyo\n", "0 5 * * * more\n"]

    def test_replaces_the_lines_of_older_versions(self, shop: Path, fake: FakeCrontab) -> None:
        old = f"* * * * * python {shop}/manage.py crontab run ab >> {shop}/cron.log 2>&1 # standing-order in {shop}\n"
        fake.table.write_text(FOREIGN + old * 2)
        assert crontab(shop, "add", fake).code == 0
        assert len(entries(fake)) == 2
        assert old not in entries(fake)

    def test_says_that_nothing_was_installed(self, shop: Path, fake: FakeCrontab) -> None:
        fake.will("deny")
        said = crontab(shop, "add", fake)
        assert (said.code, said.out) == (1, "")
        assert (
            "CommandError: the crontab could not be read and is left as it is: You (ada) are not allowed" in said.err
        )
        assert fake.table.read_text() == FOREIGN

    def test_without_a_crontab_program(self, shop: Path) -> None:
        for subcommand in ("add", "remove"):
            said = manage(shop, "crontab", subcommand, PATH=str(shop))
            assert (said.code, said.out) == (1, "")
            assert "there is no program crontab on this machine" in said.err


class TestWhatCronSees:
    def test_names_what_the_shell_sets(self, shop: Path, fake: FakeCrontab) -> None:
        said = crontab(
            shop, "add", fake, STRIPE_KEY="sk_test_2", STRIPE_MAX_RPS="5", STRIPE_API_BASE="http://127.0.0.1:9"
        )
        assert said.code == 0
        assert "Cron does not see what this shell sets: STRIPE_KEY, STRIPE_MAX_RPS. " in said.err
        assert f"put the settings into {shop}/.env" in said.err
        assert "sk_test_2" not in said.err + said.out
        assert len(entries(fake)) == 2

    def test_refuses_another_database(self, shop: Path, fake: FakeCrontab) -> None:
        said = crontab(shop, "add", fake, DATABASE_URL="postgres://ada:secret@db.example.com/shop")
        assert (said.code, said.out, fake.writes) == (1, "", 0)
        assert (
            f"would use another database, SQLite {shop}/db.sqlite3, and not PostgreSQL db.example.com:5432/shop"
            in said.err
        )
        assert "Cron does not see: DATABASE_URL." in said.err
        assert "secret" not in said.err

    def test_refuses_what_would_not_start(self, shop: Path, fake: FakeCrontab) -> None:
        (shop / ".env").unlink()
        said = crontab(shop, "add", fake, SECRET_KEY="k", STRIPE_KEY="sk_test_1")
        assert (said.code, said.out, fake.writes) == (1, "", 0)
        assert "This shell sets SECRET_KEY, STRIPE_KEY. Cron sees no variable of this shell" in said.err
        assert "under cron the sync would fail: SECRET_KEY is not set" in said.err

    def test_counts_what_the_crontab_sets_before(self, shop: Path, fake: FakeCrontab) -> None:
        url = "sqlite:////no/such/db"
        fake.table.write_text(f'{FOREIGN}"DATABASE_URL" = {url}\n')
        assert crontab(shop, "add", fake).code == 1
        said = crontab(shop, "add", fake, DATABASE_URL=url)
        assert (said.code, "Cron does not see" in said.err) == (0, False)

    def test_reads_the_same_file_of_settings(self, shop: Path, fake: FakeCrontab) -> None:
        (shop / ".env").rename(shop / "our settings %")
        said = crontab(shop, "add", fake, ENV_FILE="our settings %")
        assert (said.code, len(entries(fake))) == (0, 2)

    def test_refuses_a_log_that_cannot_be_written(self, shop: Path, fake: FakeCrontab) -> None:
        if os.getuid() == 0:  # Root may write everywhere but in a folder that is none.
            (shop / "cron.log").symlink_to("/no/such/folder/cron.log")
        else:
            (shop / "cron.log").touch(mode=0o400)
        said = crontab(shop, "add", fake)
        assert (said.code, fake.writes) == (1, 0)
        assert "cron.log can't be written" in said.err


class TestPaths:
    @pytest.mark.parametrize("name", ["our shop", "50% o'f; $HOME # «é» \\%"])
    def test_the_lines_run(self, make: Make, tmp_path: Path, fake: FakeCrontab, name: str) -> None:
        shop = make(tmp_path / name)
        assert "has no tables yet" in crontab(shop, "add", fake).err
        assert not (shop / "db.sqlite3").exists()
        assert manage(shop, "migrate", "-v0").code == 0
        assert "has no tables yet" not in crontab(shop, "add", fake).err
        done = run_as_cron(entries(fake)[0])
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        # There is no Stripe behind these settings.
        assert "Sync NOT complete" in (shop / "cron.log").read_text()
        with closing(sqlite3.connect(shop / "db.sqlite3")) as database:
            [(folder,)] = database.execute("SELECT cron_folder FROM subscriptions_syncstate").fetchall()
        assert folder == str(shop)

    def test_refuses_a_line_break_by_name(self, make: Make, tmp_path: Path, fake: FakeCrontab) -> None:
        said = crontab(make(tmp_path / "two\nlines"), "add", fake)
        assert (said.code, fake.writes) == (1, 0)
        assert "two\\nlines/manage.py' contains a line break" in said.err


class TestMoves:
    @pytest.mark.parametrize("database", ["", "DATABASE_URL=sqlite:////no/such/db\n"])
    def test_remove_finds_what_was_added_before(
        self, make: Make, tmp_path: Path, fake: FakeCrontab, database: str
    ) -> None:
        shop = make(tmp_path / "shop", database)
        crontab(shop, "add", fake)
        moved = shop.rename(tmp_path / "moved")
        assert "is gone. `crontab add` replaces it." in crontab(moved, "show", fake).err
        assert crontab(moved, "remove", fake) == (0, "Entries of this installation in the crontab: 0\n", "")
        assert entries(fake) == []

    def test_add_replaces_what_was_added_before(self, shop: Path, tmp_path: Path, fake: FakeCrontab) -> None:
        crontab(shop, "add", fake)
        moved = shop.rename(tmp_path / "moved")
        assert crontab(moved, "add", fake).code == 0
        assert [str(moved) in line for line in entries(fake)] == [True, True]

    def test_two_installations_keep_apart(self, shop: Path, tmp_path: Path, fake: FakeCrontab) -> None:
        other = shutil.copytree(shop, tmp_path / "other")
        for project in (shop, other):
            assert crontab(project, "add", fake).code == 0
        assert len(entries(fake)) == 4
        crontab(shop, "remove", fake)
        assert [str(other) in line for line in entries(fake)] == [True, True]

    def test_a_release_replaces_the_one_before(self, make: Make, tmp_path: Path, fake: FakeCrontab) -> None:
        app = tmp_path / "app"
        for number in "12":
            release = make(app / "releases" / number)
            assert crontab(release, "add", fake).code == 0
            assert [f" {release}/manage.py " in line for line in entries(fake)] == [True, True]
        # By the link, the entries run whatever release it leads to.
        (app / "current").symlink_to(release)
        assert crontab(app / "current", "add", fake, cwd=app / "current").code == 0
        assert [f" {app}/current/manage.py " in line for line in entries(fake)] == [True, True]


class TestRemove:
    def test_leaves_what_it_cannot_read(self, shop: Path, fake: FakeCrontab) -> None:
        fake.will("broken")
        assert crontab(shop, "remove", fake).code == 1
        assert (fake.table.read_text(), fake.writes) == (FOREIGN, 0)

    def test_writes_nothing_where_nothing_is(self, shop: Path, fake: FakeCrontab) -> None:
        assert crontab(shop, "remove", fake).code == 0
        assert (fake.table.read_text(), fake.writes) == (FOREIGN, 0)


class TestRun:
    def test_runs_though_no_webhook_secret_is_set(self, tmp_path: Path, settings: Any) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        settings.CRONJOBS = [("* * * * *", "tests.config.test_crontab.note", [str(tmp_path / "note")])]
        [line] = make_lines(this_installation())
        job = line.partition("crontab run ")[2].split()[0]
        # Not by call_command, which leaves out the checks that a command makes.
        ManagementUtility(["manage.py", "crontab", "run", job]).execute()
        assert (tmp_path / "note").read_text() == "ran"


def note(path: str) -> None:
    Path(path).write_text("ran")
