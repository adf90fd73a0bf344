"""People are found by address and name in any mix of upper and lower case, and by nothing that only looks alike."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import call_command
from django.test import Client

from subscriptions.customers import api_users
from subscriptions.models import PersonLookup
from subscriptions.models.person_lookup import LONGEST, fold
from subscriptions.people import lookup
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import sync_now

pytestmark = pytest.mark.django_db

PASSWORD = "blue-heron-42"
AWKWARD = ["john+a@x.com", "j.*@x.com", "a**@x.com", "a_b@x.com", "a%b@x.com", "o'hara@x.com", "$x@x.com", "^x@x.com"]


def form(name: str, email: str) -> dict[str, str]:
    return {"username": name, "email": email, "password1": PASSWORD, "password2": PASSWORD}


def rows() -> dict[Any, tuple[str, str]]:
    return {row.pk: (row.email, row.name) for row in PersonLookup.objects.all()}


class TestFolding:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Ada@Example.COM", "ada@example.com"),
            ("STRASSE@x.com", "straße@x.com"),
            ("Ångström", "A\u030angstro\u0308m"),
            ("\ufb01n@x.com", "FIN@x.com"),
            ("\uff4a\uff4f\uff48\uff4e@x.com", "john@x.com"),
            ("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3"),
        ],
    )
    def test_spellings_are_the_same(self, one, other):
        assert fold(one) == fold(other)
        assert fold(fold(one)) == fold(one)

    @pytest.mark.parametrize(
        ("one", "other"),
        [("ada@x.com", "ada@x.co"), ("ada@x.com", "adá@x.com"), ("a.b@x.com", "ab@x.com"), ("i", "\u0131")],
    )
    def test_others_are_not(self, one, other):
        assert fold(one) != fold(other)

    def test_no_form_is_longer_than_its_column(self):
        longest = "\ufdfa" * 254  # Each is eighteen letters.
        assert len(fold(longest)) <= LONGEST
        assert fold(longest) != fold(longest[:-1])


class TestRows:
    def test_follow_the_user(self):
        ada = User.objects.create_user("Ada", "Ada@X.com")
        assert rows() == {ada.pk: ("ada@x.com", "ada")}
        ada.email, ada.username = "Lovelace@x.com", "Lovelace"
        ada.save()
        assert rows() == {ada.pk: ("lovelace@x.com", "lovelace")}
        ada.delete()
        assert rows() == {}

    def test_of_a_user_without_an_address(self):
        User.objects.create_user("ada")
        User.objects.create_user("grace")
        assert [user.username for user in lookup.with_name("ADA")] == ["ada"]
        assert lookup.with_address("") == []

    def test_signing_in_writes_none(self, client, django_assert_num_queries):
        ada = User.objects.create_user("ada", "ada@x.com", PASSWORD)
        PersonLookup.objects.all().delete()
        ada.save(update_fields=["last_login"])
        assert rows() == {}

    def test_that_is_missing_is_made_when_the_user_is_saved(self):
        ada = User.objects.create_user("ada", "ada@x.com")
        PersonLookup.objects.all().delete()
        ada.save()
        assert rows() == {ada.pk: ("ada@x.com", "ada")}

    def test_loading_a_dump_keeps_one_row_for_each(self, tmp_path):
        ada = User.objects.create_user("ada", "ada@x.com")
        dump = tmp_path / "dump.json"
        call_command("dumpdata", "auth.user", "subscriptions.personlookup", output=str(dump))
        ada.delete()
        call_command("loaddata", str(dump), verbosity=0)
        assert rows() == {User.objects.get().pk: ("ada@x.com", "ada")}

    def test_what_a_bulk_update_left_behind_finds_nobody_by_mistake(self):
        User.objects.create_user("ada", "ada@x.com")
        User.objects.update(email="grace@x.com")
        assert lookup.with_address("ada@x.com") == []

    def test_are_corrected_by_the_full_sync(self, local_stripe: LocalStripe):
        ada = User.objects.create_user("ada", "ada@x.com")
        User.objects.bulk_create([User(username="Grace", email="Grace@x.com")])
        User.objects.filter(pk=ada.pk).update(email="Lovelace@x.com")
        sync_now(full=True)
        grace = User.objects.get(username="Grace")
        assert rows() == {ada.pk: ("lovelace@x.com", "ada"), grace.pk: ("grace@x.com", "grace")}
        assert lookup.correct_rows() == 0


@pytest.mark.parametrize("email", AWKWARD)
class TestAwkwardAddresses:
    def test_sign_up_once(self, client, email, local_stripe: LocalStripe):
        assert client.post("/accounts/signup/", form("john", email)).status_code == 302
        again = Client().post("/accounts/signup/", form("jane", email.upper()))
        assert list(again.context["form"].errors) == ["email"]
        assert User.objects.get().email == email

    def test_are_free_while_another_only_looks_alike(self, client, email, local_stripe: LocalStripe):
        for number, other in enumerate(
            ("johna@x.com", "john.a@x.com", "jane@x.com", "aab@x.com", "axb@x.com", "x@x.com")
        ):
            User.objects.create_user(f"other{number}", other)
        assert client.post("/accounts/signup/", form("john", email)).status_code == 302

    def test_get_the_mail_about_a_password_alone(self, client, email):
        User.objects.create_user("john", email, PASSWORD)
        User.objects.create_user("jane", "jane@x.com", PASSWORD)
        client.post("/accounts/password_reset/", {"email": email.upper()})
        assert [message.to for message in mail.outbox] == [[email]]

    def test_are_taken_in_the_api_too(self, email):
        User.objects.create_user("john", email)
        with pytest.raises(api_users.AddressTaken):
            api_users.get_or_create(name="jane", email=email.upper())
        assert User.objects.count() == 1


class TestTwoFromBefore:
    """Two people with one address: an older version, or staff in the admin, let them in."""

    @pytest.fixture
    def both(self) -> list[User]:
        return [
            User.objects.create_user(name, email, PASSWORD) for name, email in (("a", "Ada@x.com"), ("b", "ada@X.com"))
        ]

    def test_both_get_a_mail(self, client, both):
        client.post("/accounts/password_reset/", {"email": "ADA@x.com"})
        assert [message.to for message in mail.outbox] == [["Ada@x.com"], ["ada@x.com"]]

    def test_not_one_who_was_deactivated(self, client, both):
        User.objects.filter(pk=both[0].pk).update(is_active=False)
        client.post("/accounts/password_reset/", {"email": "ADA@x.com"})
        assert [message.to for message in mail.outbox] == [["ada@x.com"]]

    def test_no_third_signs_up(self, client, both):
        client.post("/accounts/signup/", form("c", "ada@x.com"))
        assert User.objects.count() == 2


class TestNames:
    @pytest.mark.parametrize("name", ["j.hn+1", "Ada_L", "a-b"])
    def test_that_differ_in_case_alone_are_taken(self, client, name, local_stripe: LocalStripe):
        User.objects.create_user(name)
        page = client.post("/accounts/signup/", form(name.swapcase(), "new@x.com"))
        assert dict(page.context["form"].errors) == {"username": ["A user with that username already exists."]}
        with pytest.raises(api_users.NameTaken):
            api_users.get_or_create(name=name.swapcase(), email="new@x.com")
        assert User.objects.count() == 1

    def test_that_only_match_as_patterns_are_free(self, client, local_stripe: LocalStripe):
        User.objects.create_user("jxhn")
        assert client.post("/accounts/signup/", form("j.hn", "john@x.com")).status_code == 302


def test_a_look_up_uses_an_index_and_no_pattern(django_assert_num_queries):
    User.objects.create_user("ada", "ada@x.com")
    with django_assert_num_queries(2) as asked:
        assert [user.username for user in lookup.with_address("ADA@x.com")] == ["ada"]
    said = " ".join(query["sql"] for query in asked.captured_queries)
    assert "ada@x.com" in said
    assert not re.search(r"LIKE|UPPER|regex", said)
