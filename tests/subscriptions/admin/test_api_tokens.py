"""Tokens in the admin: shown once, revoked, and made only for whom the maker may act."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken
from tests.fixtures import LocalStripe, owner_of_token

pytestmark = pytest.mark.django_db

LIST = "/admin/subscriptions/apitoken/"
ADD = f"{LIST}add/"


def filled_in(user: User, **fields: str) -> dict[str, str]:
    return {"user": str(user.pk), "name": "Front end", "expires_at_0": "", "expires_at_1": "", **fields}


def revoking(token: ApiToken) -> dict[str, str]:
    return {"action": "revoke", "_selected_action": str(token.pk)}


@pytest.fixture
def desk(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


@pytest.fixture
def clerk(client: Client, local_stripe: LocalStripe) -> Client:
    """A browser in which a member of staff with no permission at all is signed in."""
    client.force_login(User.objects.create_user("clerk", "clerk@example.com", is_staff=True))
    return client


def permit(*codenames: str) -> None:
    User.objects.get(username="clerk").user_permissions.set(Permission.objects.filter(codename__in=codenames))


class TestMaking:
    def test_shows_the_text_once(self, desk: Client, person: User) -> None:
        answer = desk.post(ADD, filled_in(person))
        assert answer.status_code == 200
        text = re.findall(r'<code id="token">(.*?)</code>', answer.content.decode())[0]
        assert owner_of_token(text=text, now=timezone.now()) == person
        assert "no-store" in answer["Cache-Control"]
        token = ApiToken.objects.get()
        for page in (LIST, f"{LIST}{token.pk}/change/", f"{LIST}{token.pk}/history/"):
            shown = desk.get(page).content.decode()
            assert (token.beginning in shown, text in shown, token.digest in shown) == (True, False, False)
        assert (text in str(desk.cookies), text in str(dict(desk.session))) == (False, False)

    def test_keeps_when_it_expires(self, desk: Client, person: User) -> None:
        desk.post(ADD, filled_in(person, expires_at_0="2999-01-31", expires_at_1="12:00:00"))
        assert str(ApiToken.objects.get().expires_at) == "2999-01-31 12:00:00+00:00"

    @pytest.mark.parametrize("rights", ["full", "read", "own", "read_own"])
    def test_keeps_its_rights(self, desk: Client, person: User, rights: str) -> None:
        desk.post(ADD, filled_in(person, rights=rights))
        token = ApiToken.objects.get()
        assert token.rights == rights
        assert escape(token.get_rights_display()) in desk.get(LIST).content.decode()

    @pytest.mark.parametrize(
        "wrong",
        [
            {"user": ""},
            {"user": "nobody"},
            {"user": "9" * 30},
            {"rights": "everything"},
            {"name": ""},
            {"name": "x" * 101},
            {"name": "a\0b"},
            {"expires_at_0": "2001-01-31", "expires_at_1": "12:00:00"},
            {"expires_at_0": "soon", "expires_at_1": ""},
        ],
    )
    def test_refuses(self, desk: Client, person: User, wrong: dict[str, str]) -> None:
        answer = desk.post(ADD, filled_in(person) | wrong)
        assert (answer.status_code, "errornote" in answer.content.decode()) == (200, True)
        assert ApiToken.objects.count() == 0


class TestRevoking:
    def test_ends_it(self, desk: Client, person: User) -> None:
        token, text = api_tokens.create(user=person, name="Front end", now=timezone.now())
        desk.post(LIST, revoking(token))
        assert owner_of_token(text=text, now=timezone.now()) is None
        assert "revoked" in desk.get(LIST).content.decode()

    def test_nothing_of_it_can_be_edited(self, desk: Client, person: User) -> None:
        token, _ = api_tokens.create(user=person, name="Front end", now=timezone.now())
        assert desk.post(f"{LIST}{token.pk}/change/", filled_in(person, name="Other")).status_code == 403
        assert ApiToken.objects.get().name == "Front end"


class TestListing:
    def test_says_how_each_stands(self, desk: Client, person: User) -> None:
        now = timezone.now()
        api_tokens.create(user=person, name="Front end", now=now)
        gone = User.objects.create_user("gone", is_active=False)
        api_tokens.create(user=gone, name="Old", now=now)
        old, _ = api_tokens.create(user=person, name="Late", now=now)
        ApiToken.objects.filter(pk=old.pk).update(expires_at=now - timedelta(days=1))
        shown = re.findall(r'field-state">(.*?)<', desk.get(LIST).content.decode())
        assert sorted(shown) == ["expired", "its owner is inactive", "usable"]


class TestPermissions:
    def test_without_any_nothing_is_open(self, clerk: Client, person: User) -> None:
        token, _ = api_tokens.create(user=person, name="Front end", now=timezone.now())
        assert [clerk.get(page).status_code for page in (LIST, ADD, f"{LIST}{token.pk}/change/")] == [403] * 3
        assert [clerk.post(page, filled_in(person)).status_code for page in (ADD, LIST)] == [403] * 2
        assert ApiToken.objects.get().revoked_at is None

    def test_who_may_look_revokes_nothing(self, clerk: Client, person: User) -> None:
        permit("view_apitoken")
        token, _ = api_tokens.create(user=person, name="Front end", now=timezone.now())
        clerk.post(LIST, revoking(token))
        assert (clerk.get(LIST).status_code, clerk.get(ADD).status_code) == (200, 403)
        assert ApiToken.objects.get().revoked_at is None

    def test_who_may_revoke_makes_none(self, clerk: Client, person: User) -> None:
        permit("change_apitoken")
        token, _ = api_tokens.create(user=person, name="Front end", now=timezone.now())
        clerk.post(LIST, revoking(token))
        assert clerk.post(ADD, filled_in(person)).status_code == 403
        assert ApiToken.objects.get().revoked_at is not None

    def test_nobody_makes_one_that_acts_as_other_staff(self, clerk: Client, person: User, staff: User) -> None:
        permit("add_apitoken")
        clerk.post(ADD, filled_in(staff))
        assert ApiToken.objects.count() == 0
        for owner in (person, User.objects.get(username="clerk")):
            clerk.post(ADD, filled_in(owner))
        assert sorted(token.user.username for token in ApiToken.objects.all()) == ["ada", "clerk"]

    def test_strangers_are_asked_to_sign_in(self, client: Client, person: User) -> None:
        for answer in (client.get(LIST), client.get(ADD), client.post(ADD, filled_in(person))):
            assert (answer.status_code, answer["Location"][:13]) == (302, "/admin/login/")
        assert ApiToken.objects.count() == 0
