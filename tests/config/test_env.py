"""Reading variables: what is understood, what is refused, and that a refusal never repeats a value."""

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env

pytestmark = pytest.mark.usefixtures("bare_environment")


class TestLoadFile:
    def test_reads_the_file_in_the_folder(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("# A comment\n\nSTRIPE_KEY=sk_test_1\nSECRET_KEY='a $b #c'\n")
        env.load_file(folder=tmp_path)
        assert env.text("STRIPE_KEY") == "sk_test_1"
        assert env.text("SECRET_KEY") == "a $b #c"

    def test_the_process_environment_wins(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("STRIPE_KEY=from-the-file\n")
        os.environ["STRIPE_KEY"] = "from-the-process"
        env.load_file(folder=tmp_path)
        assert env.text("STRIPE_KEY") == "from-the-process"

    def test_reads_only_the_file_that_is_named(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("STRIPE_KEY=sk_live_1\nDEBUG=True\n")
        (tmp_path / ".env.demo").write_text("STRIPE_KEY=sk_test_demo\n")
        os.environ["ENV_FILE"] = ".env.demo"
        env.load_file(folder=tmp_path)
        assert env.text("STRIPE_KEY") == "sk_test_demo"
        assert env.text("DEBUG") == ""

    def test_the_named_file_may_be_anywhere(self, tmp_path: Path) -> None:
        (tmp_path / "settings").write_text("STRIPE_KEY=sk_test_2\n")
        os.environ["ENV_FILE"] = str(tmp_path / "settings")
        env.load_file(folder=Path("/nowhere"))
        assert env.text("STRIPE_KEY") == "sk_test_2"

    def test_works_without_any_file(self, tmp_path: Path) -> None:
        env.load_file(folder=tmp_path)
        assert os.environ.keys() <= {"PYTEST_CURRENT_TEST"}

    def test_refuses_a_named_file_that_is_missing(self, tmp_path: Path) -> None:
        os.environ["ENV_FILE"] = ".env.demo"
        with pytest.raises(ImproperlyConfigured, match=r"ENV_FILE names a file that does not exist: .*\.env\.demo"):
            env.load_file(folder=tmp_path)


class TestText:
    def test_drops_the_blanks_around(self) -> None:
        os.environ["NAME"] = " value \n"
        assert env.text("NAME") == "value"

    def test_an_empty_value_counts_as_absent(self) -> None:
        os.environ["NAME"] = "  "
        assert env.text("NAME", "default") == "default"

    def test_a_dollar_sign_is_a_dollar_sign(self) -> None:
        os.environ["NAME"] = "$ecret"
        assert env.text("NAME") == "$ecret"


class TestRequired:
    def test_refuses_an_empty_value_by_name(self) -> None:
        os.environ["NAME"] = ""
        with pytest.raises(ImproperlyConfigured, match="NAME is not set: write one"):
            env.required("NAME", hint="write one")


class TestSwitch:
    @pytest.mark.parametrize("word", ["True", "true", "YES", "on", "1"])
    def test_on(self, word: str) -> None:
        os.environ["NAME"] = word
        assert env.switch("NAME", default=False) is True

    @pytest.mark.parametrize("word", ["False", "false", "No", "off", "0"])
    def test_off(self, word: str) -> None:
        os.environ["NAME"] = word
        assert env.switch("NAME", default=True) is False

    @pytest.mark.parametrize("default", [True, False])
    def test_absent(self, default: bool) -> None:  # noqa: FBT001
        assert env.switch("NAME", default=default) is default

    @pytest.mark.parametrize("word", ["2", "maybe", "Treu", "None"])
    def test_refuses_other_words(self, word: str) -> None:
        os.environ["NAME"] = word
        with pytest.raises(ImproperlyConfigured, match=r"^NAME must be True or False$"):
            env.switch("NAME", default=False)


class TestWholeNumber:
    @pytest.mark.parametrize(("value", "number"), [("1", 1), ("24", 24), ("", 7)])
    def test_reads(self, value: str, number: int) -> None:
        os.environ["NAME"] = value
        assert env.whole_number("NAME", 7, minimum=1) == number

    @pytest.mark.parametrize("value", ["0", "-1", "1.5", "1e3", "ten", "٣", "1_000"])
    def test_refuses(self, value: str) -> None:
        os.environ["NAME"] = value
        with pytest.raises(ImproperlyConfigured, match=r"^NAME must be a whole number, 1 or more$"):
            env.whole_number("NAME", 7, minimum=1)

    @pytest.mark.parametrize("value", ["4", "9", "1" * 5000])
    def test_refuses_more_than_the_maximum(self, value: str) -> None:
        os.environ["NAME"] = value
        with pytest.raises(ImproperlyConfigured, match=r"^NAME must be a whole number, from 1 to 3$"):
            env.whole_number("NAME", 2, minimum=1, maximum=3)


class TestPort:
    @pytest.mark.parametrize(("value", "number"), [("1", 1), ("65535", 65535), ("", 8000)])
    def test_reads(self, value: str, number: int) -> None:
        os.environ["PORT"] = value
        assert env.port("PORT", 8000) == number

    @pytest.mark.parametrize("value", ["0", "65536", "http"])
    def test_refuses(self, value: str) -> None:
        os.environ["PORT"] = value
        with pytest.raises(ImproperlyConfigured, match=r"^PORT must be a whole number, from 1 to 65535$"):
            env.port("PORT", 8000)


class TestWords:
    def test_splits_at_commas_and_drops_blanks(self) -> None:
        os.environ["NAME"] = "whsec_1, whsec_2,,"
        assert env.words("NAME") == ["whsec_1", "whsec_2"]

    def test_absent(self) -> None:
        assert env.words("NAME") == []
        assert env.words("NAME", "a,b") == ["a", "b"]


class TestOneOf:
    def test_the_first_is_the_default(self) -> None:
        assert env.one_of("NAME", "archive", "delete") == "archive"

    def test_capitals_do_not_matter(self) -> None:
        os.environ["NAME"] = "Delete"
        assert env.one_of("NAME", "archive", "delete") == "delete"

    def test_refuses_others(self) -> None:
        os.environ["NAME"] = "remove"
        with pytest.raises(ImproperlyConfigured, match=r"^NAME must be one of archive, delete$"):
            env.one_of("NAME", "archive", "delete")


class TestHttpUrl:
    @pytest.mark.parametrize(
        ("value", "url"),
        [
            ("https://shop.example.com", "https://shop.example.com"),
            ("https://shop.example.com/", "https://shop.example.com"),
            ("http://127.0.0.1:8420/", "http://127.0.0.1:8420"),
            ("http://[::1]:8000", "http://[::1]:8000"),
            ("", ""),
        ],
    )
    def test_reads(self, value: str, url: str) -> None:
        os.environ["NAME"] = value
        assert env.http_url("NAME", path_allowed=False) == url

    def test_a_path_where_one_is_allowed(self) -> None:
        os.environ["NAME"] = "https://proxy.example.com/stripe/"
        assert env.http_url("NAME", path_allowed=True) == "https://proxy.example.com/stripe"

    @pytest.mark.parametrize(
        "value",
        [
            "shop.example.com",
            "ftp://shop.example.com",
            "https://",
            "https://shop.example.com/path",
            "https://shop.example.com?a=b",
            "https://shop.example.com#a",
            "https://user:secret@shop.example.com",
            "https://shop.example.com:port",
            "https://shop.example.com:99999",
            "https://shop.example.com:0",
            "https://shop example.com",
            "https://[::1",
        ],
    )
    def test_refuses(self, value: str) -> None:
        os.environ["NAME"] = value
        with pytest.raises(ImproperlyConfigured) as refusal:
            env.http_url("NAME", path_allowed=False)
        assert str(refusal.value) == "NAME must be an http:// or https:// address without a path"


class TestPageUrl:
    @pytest.mark.parametrize(
        "value",
        ["https://shop.example.com", "https://shop.example.com/thanks/", "https://shop.example.com/?a=b#/thanks", ""],
    )
    def test_reads_as_it_is_written(self, value: str) -> None:
        os.environ["NAME"] = value
        assert env.page_url("NAME") == value

    @pytest.mark.parametrize(
        "value", ["/thanks", "ftp://shop.example.com", "https://", "https://u:p@shop.example.com"]
    )
    def test_refuses(self, value: str) -> None:
        os.environ["NAME"] = value
        with pytest.raises(ImproperlyConfigured) as refusal:
            env.page_url("NAME")
        assert str(refusal.value) == "NAME must be an http:// or https:// address"


class TestEmail:
    def test_prints_by_default(self) -> None:
        found = env.email("NAME", "consolemail://")
        assert found["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"

    def test_a_mail_server(self) -> None:
        os.environ["NAME"] = "smtp+tls://me:pass%40word@mail.example.com:587"
        found = env.email("NAME", "consolemail://")
        assert found["EMAIL_BACKEND"] == "django.core.mail.backends.smtp.EmailBackend"
        assert found["EMAIL_HOST"] == "mail.example.com"
        assert found["EMAIL_PORT"] == 587
        assert found["EMAIL_HOST_USER"] == "me"
        assert found["EMAIL_HOST_PASSWORD"] == "pass@word"
        assert found["EMAIL_USE_TLS"] is True

    @pytest.mark.parametrize("value", ["carrier-pigeon://roof", "smtp://me:secret@host:port", "secret"])
    def test_refuses(self, value: str) -> None:
        os.environ["NAME"] = value
        with pytest.raises(ImproperlyConfigured, match=r"^NAME must look like smtp") as refusal:
            env.email("NAME", "consolemail://")
        assert "secret" not in str(refusal.value)
