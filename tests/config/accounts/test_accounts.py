import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from urllib.parse import unquote

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from django.utils.encoding import iri_to_uri

from billing import locks
from billing.models import KeptRequest
from config.accounts import forms
from subscriptions.people import account_claims
from tests.wording import starting

pytestmark = pytest.mark.django_db

SIGN_UP = "/accounts/signup/"
PASSWORD = "blue-heron-42"
ADA = {"username": "ada", "email": "ada@example.com", "password1": PASSWORD, "password2": PASSWORD}
EMAILS = ["ada@example.com", "ADA@example.com"]
EMAIL_TAKEN = (
    'This address already has an account. <a href="/accounts/password_reset/">Reset its password</a>, or log in.'
)
EMAIL_CLAIMED = "Somebody is signing up with this address right now. Try again in a moment."
NAME_CLAIMED = "Somebody is signing up with this name right now. Try again in a moment."
NAME_INVALID = "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
NAME_TAKEN = "A user with that username already exists."


@pytest.fixture
def grace() -> User:
    return User.objects.create_user("grace", "grace@example.com", PASSWORD)


def errors(response):
    assert response.status_code == 200
    return dict(response.context["form"].errors)


def is_signed_in(client) -> bool:
    return "_auth_user_id" in client.session


class NotingHasher(MD5PasswordHasher):
    in_transaction: list[bool] = []

    def encode(self, password, salt):
        self.in_transaction.append(connection.in_atomic_block)
        return super().encode(password, salt)


class TestSignUp:
    def test_creates_the_person_and_signs_them_in(self, client):
        response = client.post(SIGN_UP, ADA)
        assert (response.status_code, response["Location"]) == (302, "/account/")
        ada = User.objects.get()
        assert (ada.username, ada.email, ada.is_staff, ada.is_active) == ("ada", "ada@example.com", False, True)
        assert ada.check_password(PASSWORD)
        assert client.session["_auth_user_id"] == str(ada.pk)

    @pytest.mark.django_db(transaction=True)
    def test_hashes_the_password_outside_of_any_transaction(self, client, settings, local_stripe):
        """Else a slow hash keeps everybody from writing to SQLite."""
        settings.PASSWORD_HASHERS = [f"{__name__}.{NotingHasher.__name__}"]
        assert client.post(SIGN_UP, ADA).status_code == 302
        assert NotingHasher.in_transaction == [False]

    def test_leaves_no_claim_behind(self, client):
        client.post(SIGN_UP, ADA)
        assert [session.pk for session in Session.objects.all()] == [client.session.session_key]
        assert not KeptRequest.objects.exists()

    @pytest.mark.parametrize("where", ["in the query", "in the form"])
    def test_goes_on_to_where_the_visitor_wanted(self, client, where):
        url = f"{SIGN_UP}?next=/checkout/cancelled/" if where == "in the query" else SIGN_UP
        fields = ADA if where == "in the query" else ADA | {"next": "/checkout/cancelled/"}
        assert client.post(url, fields)["Location"] == "/checkout/cancelled/"

    @pytest.mark.parametrize(
        "elsewhere", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/" + "x" * 10_000, "\0"]
    )
    def test_goes_nowhere_unsafe(self, client, elsewhere):
        assert client.post(SIGN_UP, ADA | {"next": elsewhere})["Location"] == "/account/"

    def test_takes_a_very_long_password(self, client):
        long = "heron " * 1_666 + "fly!"
        client.post(SIGN_UP, ADA | {"password1": long, "password2": long})
        assert User.objects.get().check_password(long)

    def test_keeps_the_passwords_out_of_error_reports(self, client):
        request = client.post(SIGN_UP, ADA).wsgi_request
        assert request.sensitive_post_parameters == ("password1", "password2")


class TestTheEmptyForm:
    def test_labels_every_field_and_ties_its_help_to_it(self, client):
        page = client.get(SIGN_UP).content.decode()
        for name in ADA:
            assert f'<label for="id_{name}">' in page
        assert 'aria-describedby="id_username_helptext"' in page
        assert '<div class="field-help" id="id_username_helptext">' in page

    def test_keeps_a_safe_next_through_the_form_and_on_to_log_in(self, client):
        page = client.get(f"{SIGN_UP}?next=/account/%3Fpage%3D2").content.decode()
        assert '<input type="hidden" name="next" value="/account/?page=2">' in page
        assert 'href="/accounts/login/?next=%2Faccount%2F%3Fpage%3D2"' in page

    @pytest.mark.parametrize("next_page", ["-1", "None", "plans", "%5B%5D", "%FF", "%5Cevil.example"])
    def test_takes_a_next_that_is_no_path_as_an_address(self, client, next_page):
        """Neither as the name of a page nor as an error: it is relative to this page."""
        expected = iri_to_uri(unquote(next_page))
        assert client.post(f"{SIGN_UP}?next={next_page}", ADA)["Location"] == expected
        assert client.get(f"{SIGN_UP}?next={next_page}")["Location"] == expected

    def test_drops_an_unsafe_next(self, client):
        assert b"evil" not in client.get(f"{SIGN_UP}?next=https://evil.example/").content

    def test_is_not_cached(self, client):
        assert "no-store" in client.get(SIGN_UP)["Cache-Control"]

    @pytest.mark.parametrize(
        ("query", "target"), [("", "/account/"), ("?next=/checkout/cancelled/", "/checkout/cancelled/")]
    )
    def test_leads_a_signed_in_person_away(self, client, grace, query, target):
        client.force_login(grace)
        assert client.get(SIGN_UP + query)["Location"] == target
        assert client.post(SIGN_UP + query, ADA)["Location"] == target
        assert User.objects.count() == 1


class TestBadInput:
    @pytest.mark.parametrize("field", ADA)
    def test_needs_every_field(self, client, field):
        response = client.post(SIGN_UP, {name: value for name, value in ADA.items() if name != field})
        assert errors(response)[field] == ["This field is required."]
        assert not User.objects.exists()
        assert not is_signed_in(client)

    def test_says_what_is_wrong_beside_the_field(self, client):
        page = client.post(SIGN_UP, ADA | {"email": "nonsense"}).content.decode()
        assert re.search(r'<input type="email" name="email" value="nonsense"[^>]* aria-invalid="true"', page)
        assert 'aria-describedby="id_email_error"' in page
        assert '<ul class="errorlist" id="id_email_error"><li>Enter a valid email address.</li></ul>' in page

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"username": "a" * 10_000}, "Ensure this value has at most 150 characters (it has 10000)."),
            ({"email": "a" * 9_988 + "@example.com"}, "Ensure this value has at most 254 characters (it has 10000)."),
            ({"username": "a\0da"}, "Null characters are not allowed."),
            ({"username": "<b>ada</b>"}, NAME_INVALID),
            ({"password2": "blue-heron-43"}, "The two password fields didn\N{RIGHT SINGLE QUOTATION MARK}t match."),
            ({"password1": "12345678", "password2": "12345678"}, "This password is entirely numeric."),
        ],
    )
    def test_refuses_what_django_refuses(self, client, changed, message):
        found = errors(client.post(SIGN_UP, ADA | changed))
        assert message in found[list(changed)[-1]]
        assert not User.objects.exists()

    @pytest.mark.parametrize("email", ["grace@example.com", "GRACE@Example.COM"])
    def test_refuses_an_address_that_has_an_account(self, client, grace, email):
        response = client.post(SIGN_UP, ADA | {"email": email})
        assert errors(response) == {"email": [EMAIL_TAKEN]}
        assert EMAIL_TAKEN in response.content.decode()
        assert list(User.objects.all()) == [grace]

    def test_takes_an_address_that_only_looks_like_a_pattern_of_another(self, client, grace):
        User.objects.filter(pk=grace.pk).update(email="gra.ce+x_y%@example.com")
        client.post(SIGN_UP, ADA | {"email": "gra.ce+xzy%@example.com"})
        assert User.objects.count() == 2

    @pytest.mark.parametrize("username", ["grace", "GRACE"])
    def test_refuses_a_name_that_is_taken(self, client, grace, username):
        assert errors(client.post(SIGN_UP, ADA | {"username": username})) == {"username": [NAME_TAKEN]}
        assert list(User.objects.all()) == [grace]

    def test_refuses_a_form_without_the_csrf_token(self):
        response = Client(enforce_csrf_checks=True).post(SIGN_UP, ADA)
        assert response.status_code == 403
        assert b"Please send it again" in response.content
        assert not User.objects.exists()

    def test_refuses_another_method(self, client):
        assert client.delete(SIGN_UP).status_code == 405


class TestTwoAtOnce:
    """What the other one does between the validation of a form and its saving."""

    def test_the_address_goes_to_the_first(self):
        first, second = (
            forms.SignUpForm(ADA),
            forms.SignUpForm(ADA | {"username": "ada2", "email": "ADA@example.com"}),
        )
        assert first.is_valid()
        assert second.is_valid()
        assert first.register() == User.objects.get()
        assert second.register() is None
        assert dict(second.errors) == {"email": [EMAIL_TAKEN]}
        assert User.objects.count() == 1

    def test_the_address_is_kept_from_others_while_one_signs_up(self, client):
        with account_claims.held(name="grace", address="Ada@example.com"):
            assert errors(client.post(SIGN_UP, ADA)) == {"email": [EMAIL_CLAIMED]}
            assert not User.objects.exists()
        assert client.post(SIGN_UP, ADA).status_code == 302

    @pytest.mark.parametrize("name", ["ada", "ADA", "\uff21da"])
    def test_the_name_is_kept_from_others_in_any_case(self, client, name):
        with account_claims.held(name=name, address="grace@example.com"):
            assert errors(client.post(SIGN_UP, ADA)) == {"username": [NAME_CLAIMED]}
            assert not User.objects.exists()
        assert client.post(SIGN_UP, ADA).status_code == 302

    def test_a_name_that_another_took_meanwhile_in_other_case(self):
        first, second = (
            forms.SignUpForm(ADA),
            forms.SignUpForm(ADA | {"username": "ADA", "email": "other@example.com"}),
        )
        assert first.is_valid()
        assert second.is_valid()
        assert first.register() == User.objects.get()
        assert second.register() is None
        assert dict(second.errors) == {"username": [NAME_TAKEN]}
        assert User.objects.count() == 1

    def test_another_address_is_free_meanwhile(self, client):
        with account_claims.held(name="grace", address="grace@example.com"):
            assert client.post(SIGN_UP, ADA).status_code == 302

    def test_a_claim_that_nobody_gave_up_expires(self, client):
        with account_claims.held(name="ada", address="ada@example.com"):
            assert KeptRequest.objects.update(asked_at=timezone.now() - locks.HELD_FOR - timedelta(seconds=1)) == 2
            assert client.post(SIGN_UP, ADA).status_code == 302
        assert not KeptRequest.objects.exists()

    def test_the_name_goes_to_the_first(self):
        first, second = forms.SignUpForm(ADA), forms.SignUpForm(ADA | {"email": "other@example.com"})
        assert first.is_valid()
        assert second.is_valid()
        assert first.register() == User.objects.get()
        assert second.register() is None
        assert dict(second.errors) == {"username": [NAME_TAKEN]}
        assert User.objects.get().email == "ada@example.com"
        assert not Session.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.needs_server("threads write at once")
class TestManyAtOnce:
    def test_one_of_them_gets_the_address(self):
        people = [ADA | {"username": f"ada{number}", "email": email} for number, email in enumerate(EMAILS * 4)]
        ready = Barrier(len(people))

        def sign_up(fields):
            ready.wait()
            try:
                return Client().post(SIGN_UP, fields).status_code
            finally:
                connection.close()

        with ThreadPoolExecutor(len(people)) as pool:
            statuses = sorted(pool.map(sign_up, people))
        assert statuses == [200] * (len(people) - 1) + [302]
        assert User.objects.count() == 1


class TestLogIn:
    def test_keeps_next_through_a_mistake(self, client, grace):
        response = client.post("/accounts/login/?next=/account/", {"username": "grace", "password": "wrong"})
        page = response.content.decode()
        assert '<input type="hidden" name="next" value="/account/">' in page
        assert "Please enter a correct username and password." in page
        fields = {"username": "grace", "password": PASSWORD, "next": "/checkout/cancelled/"}
        assert client.post("/accounts/login/", fields)["Location"] == "/checkout/cancelled/"


class TestPasswordReset:
    def test_leads_from_the_mail_to_a_new_password(self, client, grace):
        client.post("/accounts/password_reset/", {"email": "Grace@example.com"})
        (message,) = mail.outbox
        assert message.subject == "Your new password for Standing Order"
        assert message.body == starting("Hello grace,\n")
        (link,) = re.findall(r"^http://127\.0\.0\.1:8000(/accounts/reset/\S+/)$", message.body, re.MULTILINE)
        form_url = client.get(link)["Location"]
        client.post(form_url, {"new_password1": "grey-heron-43", "new_password2": "grey-heron-43"})
        assert client.login(username="grace", password="grey-heron-43")
        assert b"This link no longer works" in client.get(link).content

    @pytest.mark.parametrize("url", ["https://shop.example.com", "http://shop.example.com:8080"])
    @pytest.mark.parametrize("host", ["localhost", "shop.example.com:666", "www.shop.example.com"])
    def test_links_to_the_sites_own_address(self, client, grace, settings, url, host):
        settings.SITE_URL = url
        settings.ALLOWED_HOSTS = ["shop.example.com", "www.shop.example.com", "localhost"]
        headers = {"Host": host, "X-Forwarded-Host": "evil.example"}
        client.post(
            "/accounts/password_reset/", {"email": "grace@example.com"}, headers=headers, secure=host == "localhost"
        )
        (message,) = mail.outbox
        assert re.findall(r"\S+/accounts/reset/", message.body) == [f"{url}/accounts/reset/"]
        assert [name for name in (host, "evil.example") if name in message.body] == []

    def test_says_the_same_for_an_unknown_address(self, client):
        response = client.post("/accounts/password_reset/", {"email": "nobody@example.com"}, follow=True)
        assert b"Look at your mail" in response.content
        assert mail.outbox == []

    def test_works_for_people_who_signed_up_here(self, client):
        client.post(SIGN_UP, ADA)
        client.post("/accounts/password_reset/", {"email": "ADA@EXAMPLE.COM"})
        assert [message.to for message in mail.outbox] == [["ada@example.com"]]
