"""Passwords in addresses are never shown."""

import pytest

from billing.masking import mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb://app:hush@db/shop", "mongodb://app:********@db/shop"),
        ("mongodb+srv://app:h/u@s:h@db/shop?w=1", "mongodb+srv://app:********@db/shop?w=1"),
        ("at postgres://app:hush@db:5432/shop, no answer", "at postgres://app:********@db:5432/shop, no answer"),
        ("redis://:hush@cache:6379/1", "redis://:********@cache:6379/1"),
        ("'smtp+tls://me:hush@mail' and 'a@b'", "'smtp+tls://me:********@mail' and 'a@b'"),
        ("mongodb://db/shop?tlsCertificateKeyFilePassword=hush&w=1", "mongodb://db/shop?tlsCertificateKeyFilePassword=********&w=1"),
    ],
)  # fmt: skip
def test_are_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    ["sqlite:///db.sqlite3", "mongodb://db:27017/shop", "http://127.0.0.1:8000/a?page=2", "a@b.example: hi"],
)
def test_the_rest_is_left_alone(text: str) -> None:
    assert mask(text) == text
