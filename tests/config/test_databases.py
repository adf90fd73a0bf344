"""DATABASE_URL: every shape that is understood, and every one that is refused without repeating the password."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pymongo import MongoClient

from config import databases

FOLDER = Path("/project")


def parse(url: str) -> dict[str, Any]:
    return databases.parse(url, folder=FOLDER)


class TestSqlite:
    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("sqlite:///db.sqlite3", "/project/db.sqlite3"),
            ("sqlite:///data/db.sqlite3", "/project/data/db.sqlite3"),
            ("sqlite:////var/lib/db.sqlite3", "/var/lib/db.sqlite3"),
            ("sqlite://:memory:", ":memory:"),
        ],
    )
    def test_names(self, url: str, name: str) -> None:
        entry = parse(url)
        assert entry["ENGINE"] == "django.db.backends.sqlite3"
        assert entry["NAME"] == name

    def test_several_processes_can_write(self) -> None:
        assert parse("sqlite:///db.sqlite3")["OPTIONS"] == {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA secure_delete=ON;",
        }

    def test_the_url_may_say_otherwise(self) -> None:
        entry = parse("sqlite:///db.sqlite3?timeout=5&transaction_mode=EXCLUSIVE")
        assert entry["OPTIONS"] == databases.SQLITE_OPTIONS | {"timeout": 5, "transaction_mode": "EXCLUSIVE"}

    @pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite://db.sqlite3", "sqlite://db.sqlite3/"])
    def test_refuses_what_would_silently_be_memory(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must name a file after three slashes"):
            parse(url)


class TestPostgresql:
    @pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
    def test_all_parts(self, scheme: str) -> None:
        assert parse(f"{scheme}://app:p%40ss%2Fword@db.example.com:5433/shop") == {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": "db.example.com",
            "PORT": 5433,
            "NAME": "shop",
            "USER": "app",
            "PASSWORD": "p@ss/word",
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": 5},
        }

    def test_options(self) -> None:
        entry = parse("postgres://db/shop?sslmode=require&connect_timeout=2&conn_max_age=0")
        assert entry["OPTIONS"] == {"sslmode": "require", "connect_timeout": 2}
        assert entry["CONN_MAX_AGE"] == 0

    def test_flags_are_booleans(self) -> None:
        entry = parse("postgres://db/shop?atomic_requests=false&conn_health_checks=False")
        assert entry["ATOMIC_REQUESTS"] is False
        assert entry["CONN_HEALTH_CHECKS"] is False

    def test_a_password_that_reads_like_a_flag(self) -> None:
        assert parse("postgres://app:true@db/shop")["PASSWORD"] == "true"

    def test_a_pool_keeps_the_connections_itself(self) -> None:
        entry = parse("postgres://db/shop?pool=true")
        assert entry["OPTIONS"]["pool"] is True
        assert entry["CONN_MAX_AGE"] == 0

    @pytest.mark.parametrize(
        ("url", "host"),
        [("postgres://%2Frun%2Fpg/shop", "/run/pg"), ("postgres:///shop", ""), ("postgres://a,b/shop", "a,b")],
    )
    def test_sockets_and_several_hosts(self, url: str, host: str) -> None:
        entry = parse(url)
        assert (entry["HOST"], entry["NAME"]) == (host, "shop")

    def test_a_socket_among_the_options(self) -> None:
        assert parse("postgres:///shop?host=/run/pg&port=5433")["OPTIONS"] == {
            "host": "/run/pg",
            "port": 5433,
            "connect_timeout": 5,
        }

    @pytest.mark.parametrize("url", ["postgres://app:secret@db", "postgres://app:secret@db/"])
    def test_refuses_no_name(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must name the database") as refusal:
            parse(url)
        assert "secret" not in str(refusal.value)

    @pytest.mark.parametrize("url", ["postgres://app:secret@db:port/shop", "postgres://app:secret@db:99999/shop"])
    def test_refuses_a_bad_port(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL has a malformed host or port$"):
            parse(url)


class TestMongodb:
    @pytest.mark.parametrize(
        "url",
        [
            "mongodb://127.0.0.1/shop",
            "mongodb://127.0.0.1:27018/shop",
            "mongodb://one.example.com:27017,two.example.com:27018/shop?replicaSet=rs0&authSource=admin",
            "mongodb+srv://cluster.example.com/shop?retryWrites=true&w=majority",
        ],
    )
    def test_the_driver_gets_the_whole_url(self, url: str) -> None:
        assert parse(url) == {
            "ENGINE": "config.mongo.backend",
            "HOST": url,
            "NAME": "shop",
            "OPTIONS": {"serverSelectionTimeoutMS": 5000},
        }

    @pytest.mark.parametrize(
        ("url", "address"),
        [
            (
                "mongodb://app:p%40ss%2F@one.example.com:27017,two.example.com:27018/shop?replicaSet=rs0",
                "mongodb://one.example.com:27017,two.example.com:27018/shop?replicaSet=rs0",
            ),
            ("mongodb+srv://app:p%40ss%2F@cluster.example.com/shop", "mongodb+srv://cluster.example.com/shop"),
        ],
    )
    def test_user_and_password_are_apart_from_the_address(self, url: str, address: str) -> None:
        assert parse(url) == {
            "ENGINE": "config.mongo.backend",
            "HOST": address,
            "NAME": "shop",
            "USER": "app",
            "PASSWORD": "p@ss/",
            "OPTIONS": {"serverSelectionTimeoutMS": 5000},
        }

    def test_secret_options_are_apart_from_the_address(self) -> None:
        entry = parse(
            "mongodb://db/shop?tls=true&TLSCertificateKeyFilePassword=h%20ush&w=1"
            "&authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:hush"
        )
        assert entry["HOST"] == "mongodb://db/shop?tls=true&w=1&authMechanism=MONGODB-AWS"
        assert entry["OPTIONS"] == {
            "tlsCertificateKeyFilePassword": "h ush",
            "authMechanismProperties": "AWS_SESSION_TOKEN:hush",
            "serverSelectionTimeoutMS": 5000,
        }

    @pytest.mark.parametrize("query", ["", "?authSource=admin", "?w=majority&authMechanism=SCRAM-SHA-1"])
    def test_the_driver_signs_in_as_with_the_url(self, query: str) -> None:
        """What Django's backend hands the driver means the same as the URL that was written."""
        url = f"mongodb://app:p%40ss@db.example.com/shop{query}"
        entry = parse(url)
        options: dict[str, Any] = {"username": entry["USER"], "password": entry["PASSWORD"], **entry["OPTIONS"]}
        written = MongoClient(url, connect=False, serverSelectionTimeoutMS=5000)
        taken = MongoClient(entry["HOST"], connect=False, **options)
        assert taken == written
        assert taken.options.pool_options._credentials == written.options.pool_options._credentials
        written.close()
        taken.close()

    def test_a_wait_of_ones_own(self) -> None:
        assert parse("mongodb://db/shop?serverSelectionTimeoutMS=100")["OPTIONS"] == {}

    @pytest.mark.parametrize(
        "url", ["mongodb://app:secret@db", "mongodb://db/", "mongodb+srv://app:secret@db.example.com/?w=majority"]
    )
    def test_refuses_no_name(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL must name the database") as refusal:
            parse(url)
        assert "secret" not in str(refusal.value)

    @pytest.mark.parametrize(
        "url",
        [
            "mongodb:///shop",
            "mongodb://db:port/shop",
            "mongodb://app:sec@ret@db/shop",
            "mongodb://db/shop?unheard_of=1",
            "mongodb://db/a%20shop",
        ],
    )
    def test_refuses_a_malformed_one(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured) as refusal:
            parse(url)
        assert str(refusal.value) == "DATABASE_URL is not a valid MongoDB connection string"


class TestOtherEngines:
    @pytest.mark.parametrize(
        "url", ["mysql://app:secret@db/shop", "postgres+psycopg://db/shop", "db.sqlite3", "MONGODB://db/shop", "://"]
    )
    def test_are_refused(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured) as refusal:
            parse(url)
        assert str(refusal.value) == (
            "DATABASE_URL must begin with sqlite:///, postgres://, mongodb:// or mongodb+srv://"
        )
