"""Tokens: what is kept of one, and when it opens anything."""

import hashlib
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken
from tests import joins
from tests.fixtures import owner_of_token

pytestmark = pytest.mark.django_db

# Whole milliseconds, as MongoDB keeps them.
NOW = timezone.now().replace(microsecond=0)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class TestCreate:
    def test_keeps_the_hash_alone(self, person: User) -> None:
        token, text = api_tokens.create(user=person, name="Front end", now=NOW)
        row = ApiToken.objects.get()
        assert (row, row.user, row.name, row.expires_at) == (token, person, "Front end", None)
        assert (row.revoked_at, row.last_used_at) == (None, None)
        assert row.digest == hashlib.sha256(text.encode()).hexdigest()
        assert (text[:4], len(text), row.beginning) == ("sot_", 47, text[:10])
        assert text not in str(vars(row))

    def test_makes_another_each_time(self, person: User) -> None:
        texts = {api_tokens.create(user=person, name="Front end", now=NOW)[1] for _ in range(3)}
        assert (len(texts), ApiToken.objects.count()) == (3, 3)

    @pytest.mark.parametrize("late", [timedelta(0), DAY])
    def test_refuses_one_that_has_expired(self, person: User, late: timedelta) -> None:
        with pytest.raises(api_tokens.CannotCreate, match="expired before it could be used"):
            api_tokens.create(user=person, name="Front end", expires_at=NOW - late, now=NOW)
        assert ApiToken.objects.count() == 0


class TestAuthenticate:
    def test_finds_whose_it_is(self, person: User, staff: User) -> None:
        texts = {user: api_tokens.create(user=user, name="Front end", now=NOW)[1] for user in (person, staff)}
        assert [owner_of_token(text=text, now=NOW) for text in texts.values()] == [person, staff]

    def test_until_it_expires(self, person: User) -> None:
        _, text = api_tokens.create(user=person, name="Front end", expires_at=NOW + DAY, now=NOW)
        assert owner_of_token(text=text, now=NOW + DAY - timedelta(seconds=1)) == person
        assert owner_of_token(text=text, now=NOW + DAY) is None

    def test_until_it_is_revoked(self, person: User) -> None:
        token, text = api_tokens.create(user=person, name="Front end", now=NOW)
        api_tokens.revoke(token=token, now=NOW)
        assert owner_of_token(text=text, now=NOW) is None
        api_tokens.revoke(token=token, now=NOW + DAY)
        assert ApiToken.objects.get().revoked_at == NOW

    def test_while_its_owner_is_active(self, person: User) -> None:
        _, text = api_tokens.create(user=person, name="Front end", now=NOW)
        User.objects.update(is_active=False)
        assert owner_of_token(text=text, now=NOW) is None

    @pytest.mark.parametrize(
        "change",
        [
            str.upper,
            lambda text: text[:-1],
            lambda text: f"{text} ",
            lambda text: f" {text}",
            lambda text: f"{text}\0",
        ],
    )
    def test_not_what_is_nearly_it(self, person: User, change: object) -> None:
        _, text = api_tokens.create(user=person, name="Front end", now=NOW)
        assert callable(change)
        assert owner_of_token(text=change(text), now=NOW) is None
        assert ApiToken.objects.get().last_used_at is None

    @pytest.mark.parametrize("text", ["", "sot_", "sot_\udcff", "sot_ÿ", "sot_" + "x" * 100_000, "\0"])
    def test_not_nonsense(self, person: User, text: str) -> None:
        api_tokens.create(user=person, name="Front end", now=NOW)
        assert owner_of_token(text=text, now=NOW) is None

    def test_notes_its_use_once_a_minute(
        self, person: User, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        _, text = api_tokens.create(user=person, name="Front end", now=NOW)
        for after, queries, used_at in [
            (timedelta(0), 2, NOW),
            (timedelta(seconds=59), 1, NOW),
            (MINUTE, 2, NOW + MINUTE),
            (timedelta(seconds=30), 1, NOW + MINUTE),
        ]:
            with django_assert_num_queries(joins.queries(queries, links=1)):
                owner_of_token(text=text, now=NOW + after)
            assert ApiToken.objects.get().last_used_at == used_at


class TestBearerToken:
    @pytest.mark.parametrize(
        ("header", "token"),
        [
            ("Bearer sot_x", "sot_x"),
            ("bearer  sot_x ", "sot_x"),
            ("Bearer", ""),
            ("Bearer ", ""),
            ("", None),
            ("Basic c290", None),
            ("Bearersot_x", None),
        ],
    )
    def test_is_read_from_the_header(self, header: str, token: str | None) -> None:
        assert api_tokens.bearer_token(header) == token


class TestCommand:
    def test_prints_it_once(self, person: User) -> None:
        out = StringIO()
        call_command("create_api_token", "ada", "--name", "Front end", stdout=out)
        assert owner_of_token(text=out.getvalue().removesuffix("\n"), now=timezone.now()) == person
        row = ApiToken.objects.get()
        assert (row.name, row.rights, row.expires_at) == ("Front end", "full", None)

    @pytest.mark.parametrize("rights", ["full", "read", "own", "read_own"])
    def test_makes_one_with_fewer_rights(self, person: User, rights: str) -> None:
        call_command("create_api_token", "ada", "--rights", rights, stdout=StringIO())
        assert ApiToken.objects.get().rights == rights

    def test_lets_it_expire(self, person: User) -> None:
        call_command("create_api_token", "ada", "--expires-days", "30", stdout=StringIO())
        expires_at = ApiToken.objects.get().expires_at
        assert expires_at is not None
        assert 29 <= (expires_at - timezone.now()).days <= 30

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            (("nobody",), "there is no active user nobody"),
            (("ada", "--name", ""), "--name must have"),
            (("ada", "--name", "x" * 101), "--name must have"),
            (("ada", "--expires-days", "0"), "--expires-days must be"),
            (("ada", "--expires-days", "99999999"), "--expires-days must be"),
        ],
    )
    def test_refuses(self, person: User, options: tuple[str, ...], reason: str) -> None:
        out = StringIO()
        with pytest.raises(CommandError, match=reason):
            call_command("create_api_token", *options, stdout=out)
        assert (out.getvalue(), ApiToken.objects.count()) == ("", 0)

    def test_refuses_somebody_who_may_not_sign_in(self, person: User) -> None:
        User.objects.update(is_active=False)
        with pytest.raises(CommandError, match="there is no active user ada"):
            call_command("create_api_token", "ada", stdout=StringIO())
