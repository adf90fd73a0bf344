"""DATABASE_URL: every shape that is understood, and every one that is refused without repeating the password."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pymongo import MongoClient, ReadPreference
from pymongo.common import VALIDATORS

from config import databases
from config.mongo import address

FOLDER = Path("/project")
DEFAULTS = {
    "serverSelectionTimeoutMS": 20_000,
    "w": "majority",
    "journal": True,
    "wTimeoutMS": 20_000,
    "readConcernLevel": "local",
}


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
            "OPTIONS": {name: value for name, value in DEFAULTS.items() if f"{name}=" not in url},
        }

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            (
                "mongodb://app:p%40ss%2F@one.example.com:27017,two.example.com:27018/shop?replicaSet=rs0",
                "mongodb://one.example.com:27017,two.example.com:27018/shop?replicaSet=rs0",
            ),
            ("mongodb+srv://app:p%40ss%2F@cluster.example.com/shop", "mongodb+srv://cluster.example.com/shop"),
        ],
    )
    def test_user_and_password_are_apart_from_the_address(self, url: str, shown: str) -> None:
        assert parse(url) == {
            "ENGINE": "config.mongo.backend",
            "HOST": shown,
            "NAME": "shop",
            "USER": "app",
            "PASSWORD": "p@ss/",
            "OPTIONS": DEFAULTS,
        }

    @pytest.mark.parametrize("separator", ["&", ";"])
    def test_secret_options_are_apart_from_the_address(self, separator: str) -> None:
        query = separator.join(
            [
                "tls=true",
                "TLSCertificateKeyFilePassword=h+u%2Bsh",
                "w=1",
                "authMechanism=MONGODB-AWS",
                "authMechanismProperties=AWS_SESSION_TOKEN:hu%2Bsh",
            ]
        )
        entry = parse(f"mongodb://db/shop?{query}")
        assert entry["HOST"] == "mongodb://db/shop?" + separator.join(["tls=true", "w=1", "authMechanism=MONGODB-AWS"])
        assert entry["OPTIONS"] == {name: DEFAULTS[name] for name in DEFAULTS if name != "w"} | {
            "tlsCertificateKeyFilePassword": "h u+sh",
            "authMechanismProperties": {"AWS_SESSION_TOKEN": "hu+sh"},
        }

    @pytest.mark.parametrize("query", ["", "srvServiceName=shop", "srvMaxHosts=2", "srvAllowedHostsSuffix=.com"])
    def test_options_of_a_name_in_dns(self, query: str) -> None:
        url = f"mongodb+srv://cluster.example.com/shop?{query}".rstrip("?")
        assert parse(url)["HOST"] == url

    def test_what_the_address_says_wins(self) -> None:
        query = "serverSelectionTimeoutMS=100&W=2&Journal=true&wTimeoutMS=5&readConcernLevel=local"
        assert parse(f"mongodb://db/shop?{query}")["OPTIONS"] == {}

    @pytest.mark.parametrize("query", ["", "?authSource=admin", "?authMechanism=SCRAM-SHA-1", "?authSource=a%2Bb"])
    def test_the_driver_signs_in_as_with_the_url(self, query: str) -> None:
        """What Django's backend hands the driver means the same as the URL that was written."""
        url = f"mongodb://app:p%40ss@db.example.com/shop{query}"
        entry = parse(url)
        options: dict[str, Any] = {"username": entry["USER"], "password": entry["PASSWORD"], **entry["OPTIONS"]}
        written = MongoClient(url, connect=False, **DEFAULTS)
        taken = MongoClient(entry["HOST"], connect=False, **options)
        assert taken == written
        assert taken.options.pool_options._credentials == written.options.pool_options._credentials
        written.close()
        taken.close()

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
            "mongodb://db/shop?w=-1",
            "mongodb://db/shop?tlsCAFile=/no/such/file",
            "mongodb://db/shop?srvMaxHosts=2",
            "mongodb://one,two/shop?directConnection=true",
            "mongodb+srv://one.example.com,two.example.com/shop",
            "mongodb+srv://one.example.com:27017/shop",
            "mongodb+srv://one.example.com/shop?directConnection=true",
            "mongodb://app:sec?ret@db/shop",
            "mongodb://app:sec#ret/@db/shop",
            "mongodb://db/a%20shop",
        ],
    )
    def test_refuses_a_malformed_one(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured) as refusal:
            parse(url)
        assert str(refusal.value) == "DATABASE_URL is not a valid MongoDB connection string"


REFUSED = {
    "w=0": "must not set w to 0: duplicates would not be reported, and two workers could claim the same work",
    "W=00": "must not set w to 0: duplicates would not be reported, and two workers could claim the same work",
    "journal=false": "must not set journal to anything but true: a crash would lose payments that were acknowledged",
    "readConcernLevel=majority": "must not set readConcernLevel to anything but local: "
    "a process that loses a race would not find the row of the one that won",
    "readPreference=secondaryPreferred": "must not set readPreference to anything but primary: "
    "secondaries lag behind, and what was just written must be seen",
    "readPreference=nearest": "must not set readPreference to anything but primary: "
    "secondaries lag behind, and what was just written must be seen",
    "retrywrites=false": "must not set retryWrites to anything but true: requests would fail at every election",
    "retryReads=false": "must not set retryReads to anything but true: requests would fail at every election",
    "tz_aware=true": "must not set tz_aware to anything but false: Django adds the time zone itself",
    "unicode_decode_error_handler=ignore": "must not set unicode_decode_error_handler to anything but strict: "
    "damaged text would be changed without notice",
    "datetime_conversion=datetime_ms": "must not have the option datetime_conversion: "
    "Django reads times as the driver gives them without it",
    "uuidRepresentation=standard": "must not have the option uuidRepresentation: UUIDs are stored as text",
    "fsync=true": "must not have the option fsync: journal=true is set anyway and does the same",
    "readPreferenceTags=dc:ny": "must not have the option readPreferenceTags: "
    "secondaries lag behind, and what was just written must be seen",
    "maxStalenessSeconds=90": "must not have the option maxStalenessSeconds: "
    "secondaries lag behind, and what was just written must be seen",
    "document_class=dict": "must not have the option document_class: an address can't contain it",
    "type_registry=x": "must not have the option type_registry: an address can't contain it",
    "server_api=1": "must not have the option server_api: an address can't contain it",
    "password=secret": "must not have the option password: an address can't contain it",
    "replicaSet=": "has an option without a value",
}

# What the product leaves to the person who writes the address.
LEFT_TO_PEOPLE = set(
    "appname authmechanism authmechanismproperties authsource compressors connect connecttimeoutms directconnection "
    "enableoverloadretargeting heartbeatfrequencyms loadbalanced localthresholdms maxadaptiveretries maxconnecting "
    "maxidletimems maxpoolsize minpoolsize replicaset servermonitoringmode serverselectiontimeoutms sockettimeoutms "
    "srvallowedhostssuffix srvmaxhosts srvservicename ssl timeoutms tls tlsallowinvalidcertificates "
    "tlsallowinvalidhostnames tlscafile tlscertificatekeyfile tlscertificatekeyfilepassword tlscrlfile "
    "tlsdisableocspendpointcheck tlsinsecure w waitqueuemultiple waitqueuetimeoutms wtimeoutms "
    "zlibcompressionlevel".split()
)


class TestMongodbOptions:
    @pytest.mark.parametrize("query", REFUSED)
    @pytest.mark.parametrize("start", ["mongodb://app:secret@db/shop?", "mongodb+srv://a:secret@db.dev/shop?w=1&"])
    def test_that_break_the_product_are_refused_by_name(self, start: str, query: str) -> None:
        if query.lower().startswith("w="):
            start = start.replace("w=1&", "")
        with pytest.raises(ImproperlyConfigured) as refusal:
            parse(start + query)
        assert str(refusal.value) == f"DATABASE_URL {REFUSED[query]}"

    @pytest.mark.parametrize("name", address.ONLY)
    def test_may_say_what_the_product_needs(self, name: str) -> None:
        needed = str(address.ONLY[name][0]).lower()
        assert parse(f"mongodb://db/shop?{name}={needed}")["HOST"] == f"mongodb://db/shop?{name}={needed}"

    def test_are_all_decided(self) -> None:
        """The driver has an option that nobody has thought about: does it break the product?"""
        decided = {name.lower() for name in (*address.ONLY, *address.NEVER)}
        assert decided.isdisjoint(LEFT_TO_PEOPLE)
        assert decided | LEFT_TO_PEOPLE == {name.lower() for name in VALIDATORS}

    def test_reach_the_driver(self) -> None:
        entry = parse("mongodb://db/shop")
        client = MongoClient(entry["HOST"], connect=False, **entry["OPTIONS"])
        assert client.write_concern.document == {"w": "majority", "j": True, "wtimeout": 20_000}
        assert client.read_concern.document == {"level": "local"}
        assert client.read_preference == ReadPreference.PRIMARY
        assert client.options.retry_writes
        assert client.options.server_selection_timeout == 20
        client.close()


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
