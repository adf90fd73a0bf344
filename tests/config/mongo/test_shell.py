"""`manage.py dbshell` on MongoDB."""

from pathlib import Path

from config import databases
from config.mongo.backend.client import DatabaseClient


def arguments(url: str) -> list[str]:
    entry = {"USER": "", "PASSWORD": "", "PORT": ""} | databases.parse(url, folder=Path())
    return DatabaseClient.settings_to_cmd_args_env(entry, ["--quiet"])[0]


def test_names_everything_but_the_password() -> None:
    assert arguments("mongodb://app:hush%40@one,two/shop?replicaSet=rs0&tlsCertificateKeyFilePassword=hush") == [
        "mongosh",
        "mongodb://one,two/shop?replicaSet=rs0",
        "--username",
        "app",
        "--quiet",
    ]


def test_without_a_user() -> None:
    assert arguments("mongodb://db/shop") == ["mongosh", "mongodb://db/shop", "--quiet"]
