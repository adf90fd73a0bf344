"""Lines of a crontab: what the shell gets of them, and whose they are."""

import shlex
from pathlib import Path
from typing import Any

import pytest

from subscriptions.crontab import entries
from subscriptions.crontab.entries import CannotWriteEntry, Entry
from subscriptions.crontab.installation import Installation, describe_database, this_installation
from tests.subscriptions.crontab.debian import run_as_cron

NASTY = ["our shop", "100%", "%", "%%", "it's", "a;b", "a&b|c", "$HOME", "`id`", 'say "hi"', "back\\slash", "back\\%",
         "#1", "café", "店", "~x", "a*b", "-l", "\\", "=", "(x)", "!"]  # fmt: skip

MONGODB = "django_mongodb_backend"


class TestQuoteWord:
    @pytest.mark.parametrize("text", NASTY)
    def test_reaches_the_program_as_it_is(self, text: str) -> None:
        line = f"* * * * * printf '\\%s' {entries.quote_word(text)} # {entries.quote_word(text)}\n"
        assert run_as_cron(line).stdout.decode() == text

    @pytest.mark.parametrize("text", ["two\nlines", "\r", "a\tb", "\x7f"])
    def test_refuses_what_cannot_stand_in_a_line(self, text: str) -> None:
        with pytest.raises(CannotWriteEntry, match="contains a line break or another control character") as refusal:
            entries.quote_word(text)
        assert str(refusal.value).startswith(repr(text))


class TestMakeLines:
    def test_run_the_jobs_and_keep_their_output(self, settings: Any) -> None:
        installation = Installation(Path("/srv/our shop"), Path("/srv/our shop/.venv/bin/python"))
        first, second = entries.make_lines(installation)
        for line in (first, second):
            words = shlex.split(line)
            assert words[:5] == ["*"] * 5
            assert words[5] == "ENV_FILE=/dev/null"
            assert words[6:10] == ["/srv/our shop/.venv/bin/python", "/srv/our shop/manage.py", "crontab", "run"]
            assert words[11:14] == [">>", "/srv/our shop/cron.log", "2>&1"]
        assert shlex.split(first)[10] != shlex.split(second)[10]

    def test_without_another_file_of_settings(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ENV_FILE")
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")
        line = entries.make_lines(Installation(Path("/srv/shop"), Path("/usr/bin/python3")))[0]
        assert line.startswith("* * * * * /usr/bin/python3 /srv/shop/manage.py crontab run ")

    def test_names_settings_of_ones_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "ours.settings")
        line = entries.make_lines(Installation(Path("/srv/shop"), Path("/usr/bin/python3")))[0]
        assert " --settings=ours.settings >> " in line

    @pytest.mark.parametrize("name", NASTY)
    def test_are_recognised_again(self, name: str) -> None:
        folder = Path("/srv") / name
        [entry, _] = [
            entries.parse(line) for line in entries.make_lines(Installation(folder, Path("/usr/bin/python3")))
        ]
        assert entry is not None
        assert (entry.folder, len(entry.key), len(entry.database)) == (folder, 10, 10)


class TestParse:
    @pytest.mark.parametrize(
        "line",
        [
            "0 4 * * * backup # django-cronjobs for config\n",
            "# * * * * * python manage.py # standing-order in /srv/shop\n",
            "MAILTO=ada\n",
            "\n",
            "* * * * * backup # standing-order:zz:zz in /srv\n",
            "* * * * * backup # standing-order:ab:cd in '/srv\n",
        ],
    )
    def test_leaves_others_alone(self, line: str) -> None:
        assert entries.parse(line) is None

    def test_knows_the_mark_of_older_versions(self) -> None:
        entry = entries.parse("* * * * * python manage.py crontab run ab # standing-order in /srv/our shop\n")
        assert entry is not None
        assert (entry.folder, entry.key) == (Path("/srv/our shop"), "")


class TestBelongsTo:
    @pytest.fixture
    def here(self, tmp_path: Path) -> Installation:
        return make_installation(tmp_path / "here")

    def test_its_own(self, here: Installation) -> None:
        assert Entry("", here.folder, "other", "other").belongs_to(here)

    def test_from_before_a_move(self, here: Installation, tmp_path: Path) -> None:
        assert Entry("", tmp_path / "gone", here.key, "the database moved too").belongs_to(here)

    def test_not_of_a_copy_with_a_database_of_its_own(self, here: Installation, tmp_path: Path) -> None:
        copy = make_installation(tmp_path / "copy")
        assert not Entry("", copy.folder, here.key, "other").belongs_to(here)
        assert Entry("", copy.folder, here.key, here.database).belongs_to(here)

    def test_not_of_another_installation_even_if_it_is_gone(self, here: Installation, tmp_path: Path) -> None:
        assert not Entry("", tmp_path / "gone", "another", here.database).belongs_to(here)

    def test_an_older_mark(self, here: Installation, tmp_path: Path) -> None:
        copy = make_installation(tmp_path / "copy")
        assert Entry("", here.folder).belongs_to(here)
        assert Entry("", tmp_path / "gone").belongs_to(here)
        assert not Entry("", copy.folder).belongs_to(here)

    def test_of_another_release(self, tmp_path: Path) -> None:
        one, two = (make_installation(tmp_path / "app" / "releases" / number) for number in "12")
        (tmp_path / "app" / "current").symlink_to(one.folder)
        assert Entry("", one.folder, "other", "other").belongs_to(two)
        assert Entry("", tmp_path / "app" / "current", "other", "other").belongs_to(two)
        assert Entry("", tmp_path / "app" / "releases" / "deleted", "other", "other").belongs_to(two)
        assert not Entry("", make_installation(tmp_path / "b" / "releases" / "1").folder, "x", "x").belongs_to(two)


class TestThisInstallation:
    def test_says_nothing_of_the_secret_key(self, settings: Any) -> None:
        settings.SECRET_KEY = "one"
        one = this_installation().key
        settings.SECRET_KEY = "two"
        assert one != this_installation().key
        assert len(one) == 10


class TestDescribeDatabase:
    @pytest.mark.parametrize(
        ("entry", "words"),
        [
            ({"ENGINE": "django.db.backends.sqlite3", "NAME": "/no/such/db"}, "SQLite /no/such/db"),
            (
                {"ENGINE": "django.db.backends.postgresql", "HOST": "h", "NAME": "shop", "USER": "u", "PASSWORD": "p"},
                "PostgreSQL h:5432/shop",
            ),
            ({"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}, "PostgreSQL this machine:5432/shop"),
            ({"ENGINE": MONGODB, "HOST": "mongodb://u:p@a,b:1/x?tls=1", "NAME": "x"}, "MongoDB a,b:1/x"),
            ({"ENGINE": MONGODB, "HOST": "mongodb+srv://c.example.com/x", "NAME": "x"},
             "MongoDB c.example.com/x"),
        ],
    )  # fmt: skip
    def test_has_no_password(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, entry: dict[str, str], words: str
    ) -> None:
        monkeypatch.setitem(settings.DATABASES, "default", entry)
        assert describe_database() == words


def make_installation(folder: Path) -> Installation:
    folder.mkdir(parents=True)
    (folder / "manage.py").touch()
    return Installation(folder, Path("/usr/bin/python3"))
