"""Who may do what for whom: every endpoint, every kind of caller, by session and by token, as in the admin.

A new endpoint fails `test_every_endpoint_is_in_the_table` until it has a line here.
"""

import re
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.models import Price, Product
from config.api.urls import api
from subscriptions.customers import api_tokens
from subscriptions.models import ApiToken, BillingAccount, Subscription
from tests.config.api.conftest import Program
from tests.config.api.test_callers import counted
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

# Each for somebody else where it can be: what is asked, the permissions of the admin, and the status of success.
FOR_ANOTHER: dict[str, tuple[dict[str, Any], tuple[str, ...], int]] = {
    "product": ({"prod_name": "New", "unit_amount": 900}, ("billing.add_product",), 201),
    "updateprod": ({"prod_name": "Pro", "description": "For one"}, ("billing.change_product",), 200),
    "createcustomer": ({"user_name": "bob"}, ("subscriptions.add_customer",), 200),
    "session": ({"user_name": "bob", "prod_name": "Pro"}, ("subscriptions.add_checkoutsession",), 201),
    "getsubs": ({"user_name": "ada"}, ("subscriptions.view_subscription", "subscriptions.view_payment"), 200),
    "cancel": ({"user_name": "ada", "subscription_id": "sub"}, ("subscriptions.change_subscription",), 200),
    "updatesub": ({"user_name": "ada", "price_id": "team"}, ("subscriptions.change_subscription",), 200),
}
FOR_ONESELF = ("createcustomer", "session", "getsubs", "cancel", "updatesub")
READING = ("getsubs",)
HOW = ("session", "token")


class Ask:
    """Asks as some user, by session or by a token of these rights; `before` is the state when the request is sent."""

    def __init__(self, local_stripe: LocalStripe, ids: dict[str, str]) -> None:
        self.local_stripe = local_stripe
        self.ids = ids
        self.before: Any = None

    def __call__(self, user: User | None, how: str, path: str, rights: str = "full", **fields: Any) -> Any:
        program = Program()
        if user is not None and how == "session":
            program.client.force_login(user)  # A customer who signs in gets a customer at Stripe.
        elif user is not None:
            program.token = api_tokens.create(user=user, name="t", rights=rights, now=timezone.now())[1]
        self.local_stripe.forget_calls()
        self.before = state()
        named = {name: self.ids.get(str(value), value) for name, value in fields.items()}
        return program.get(path) if path in {"me", "plans"} else program.post(path, **named)

    def assert_nothing_happened(self) -> None:
        """Nothing was written by the last request, and nothing sent."""
        assert (state(), self.local_stripe.calls) == (self.before, [])

    def assert_refused(self, user: User | None, how: str, path: str, rights: str = "full") -> str:
        """The answer is 403, or 401 for nobody, and nothing happens; returns the message."""
        answer = self(user, how, path, rights, **FOR_ANOTHER[path][0])
        assert answer.status_code == (403 if user else 401), answer.content
        self.assert_nothing_happened()
        return str(answer.json()["error"]["message"])


@pytest.fixture
def ask(subscription: Subscription, team: Price, bob: User, local_stripe: LocalStripe) -> Ask:
    return Ask(local_stripe, {"sub": subscription.pk, "team": team.pk})


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create_user("clerk", "clerk@example.com", is_staff=True)


def permit(user: User, *names: str) -> User:
    for name in names:
        app, codename = name.split(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return User.objects.get(pk=user.pk)


def may_look(user: User) -> User:
    """Give every permission to view, and no other."""
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return User.objects.get(pk=user.pk)


def state() -> Any:
    held = Subscription.objects.values_list("pk", "status", "price_id", "cancel_at_period_end")
    return counted(), list(held), list(Product.objects.values_list("name", "description"))


def test_every_endpoint_is_in_the_table() -> None:
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"]
    assert {path.removeprefix("/api/") for path in paths} == {*FOR_ANOTHER, "me", "plans"}  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", FOR_ANOTHER)
class TestForAnother:
    def test_nobody(self, ask: Ask, path: str) -> None:
        ask.assert_refused(None, "session", path)

    @pytest.mark.parametrize("how", HOW)
    def test_a_customer(self, ask: Ask, person: User, path: str, how: str) -> None:
        eve = User.objects.create_user("eve", "eve@example.com")
        permit(eve, *FOR_ANOTHER[path][1])  # Permissions are of use to staff alone, as in the admin.
        message = ask.assert_refused(eve, how, path)
        assert message in {"Only staff act for somebody else.", "This is for staff only."}

    @pytest.mark.parametrize("how", HOW)
    def test_staff_without_permissions(self, ask: Ask, clerk: User, path: str, how: str) -> None:
        message = ask.assert_refused(clerk, how, path)
        assert message == f"You do not have the permission {', '.join(FOR_ANOTHER[path][1])}."

    @pytest.mark.parametrize("how", HOW)
    def test_staff_who_may_look(self, ask: Ask, clerk: User, path: str, how: str) -> None:
        viewer = may_look(clerk)
        if path in READING:
            assert ask(viewer, how, path, **FOR_ANOTHER[path][0]).status_code == 200
        else:
            ask.assert_refused(viewer, how, path)

    @pytest.mark.parametrize("how", HOW)
    def test_staff_with_the_permission_and_no_other(self, ask: Ask, clerk: User, path: str, how: str) -> None:
        fields, needed, status = FOR_ANOTHER[path]
        answer = ask(permit(clerk, *needed), how, path, **fields)
        assert answer.status_code == status, answer.content

    @pytest.mark.parametrize("how", HOW)
    def test_staff_with_all_but_the_permission(self, ask: Ask, clerk: User, path: str, how: str) -> None:
        needed = FOR_ANOTHER[path][1]
        codenames = {name.split(".")[1] for name in needed}
        implied = {name.replace("view_", "change_") for name in codenames}
        clerk.user_permissions.set(Permission.objects.exclude(codename__in=codenames | implied))
        ask.assert_refused(User.objects.get(pk=clerk.pk), how, path)

    @pytest.mark.parametrize("how", HOW)
    def test_a_superuser(self, ask: Ask, staff: User, path: str, how: str) -> None:
        fields, _needed, status = FOR_ANOTHER[path]
        assert ask(staff, how, path, **fields).status_code == status

    def test_a_superusers_token_that_may_look(self, ask: Ask, staff: User, path: str) -> None:
        if path in READING:
            assert ask(staff, "token", path, rights="read", **FOR_ANOTHER[path][0]).status_code == 200
        else:
            message = ask.assert_refused(staff, "token", path, rights="read")
            assert message == "This token may look, but change nothing."

    @pytest.mark.parametrize("rights", ["own", "read_own"])
    def test_a_superusers_token_for_their_own(self, ask: Ask, staff: User, path: str, rights: str) -> None:
        ask.assert_refused(staff, "token", path, rights=rights)

    def test_somebody_inactive(self, ask: Ask, staff: User, path: str) -> None:
        User.objects.filter(pk=staff.pk).update(is_active=False)
        for how in HOW:
            assert ask(staff, how, path, **FOR_ANOTHER[path][0]).status_code == 401


@pytest.mark.parametrize("path", FOR_ONESELF)
class TestForOneself:
    @pytest.mark.parametrize("rights", ApiToken.Rights.values)
    @pytest.mark.parametrize("is_staff", [False, True])
    def test_by_token(self, ask: Ask, person: User, path: str, rights: str, *, is_staff: bool) -> None:
        User.objects.filter(pk=person.pk).update(is_staff=is_staff)
        fields = {**FOR_ANOTHER[path][0], "user_name": "ada"}
        if path == "session":
            fields["prod_name"] = "Team"
        answer = ask(person, "token", path, rights, **fields)
        if rights in {"full", "own"} or path in READING:
            assert answer.status_code in {200, 201}, answer.content
        else:
            assert answer.status_code == 403
            ask.assert_nothing_happened()


class TestMe:
    @pytest.mark.parametrize("rights", ApiToken.Rights.values)
    def test_is_for_every_token(self, ask: Ask, person: User, rights: str) -> None:
        assert ask(person, "token", "me", rights=rights).json()["user_name"] == "ada"


class TestByCustomer:
    @pytest.mark.parametrize("how", HOW)
    def test_of_somebody_else(self, ask: Ask, clerk: User, person: User, bob: User, how: str) -> None:
        fields = {"customer_id": BillingAccount.objects.get(user=bob).customer_id, "prod_name": "Pro"}
        for user in (clerk, may_look(clerk), person):
            assert ask(user, how, "session", **fields).status_code == 404
            ask.assert_nothing_happened()
            assert ask(user, how, "session", **fields, user_name="bob").status_code == 403
            ask.assert_nothing_happened()
        assert ask(permit(clerk, "subscriptions.add_checkoutsession"), how, "session", **fields).status_code == 201


class TestMoreThanOnePermission:
    def test_another_amount_is_a_change_of_price(self, ask: Ask, clerk: User) -> None:
        answer = ask(permit(clerk, "billing.change_product"), "token", "updateprod", prod_name="Pro", unit_amount=2900)
        assert answer.json()["error"]["message"] == "You do not have the permission billing.change_price."
        ask.assert_nothing_happened()
        answer = ask(permit(clerk, "billing.change_price"), "token", "updateprod", prod_name="Pro", unit_amount=2900)
        assert (answer.status_code, answer.json()["unit_amount"]) == (200, 2900)

    def test_a_new_account_is_a_user_that_is_added(self, ask: Ask, clerk: User) -> None:
        fields = {"user_name": "zoe", "email": "zoe@example.com"}
        answer = ask(permit(clerk, "subscriptions.add_customer"), "token", "createcustomer", **fields)
        assert answer.json()["error"]["message"] == "You do not have the permission auth.add_user."
        ask.assert_nothing_happened()
        assert ask(permit(clerk, "auth.add_user"), "token", "createcustomer", **fields).status_code == 201

    def test_a_purchase_that_is_ended_is_a_payment_that_is_changed(
        self, ask: Ask, clerk: User, person: User, book: Price, local_stripe: LocalStripe
    ) -> None:
        session = ask(person, "session", "session", price_id=book.pk).json()["session_id"]
        local_stripe.pay(session)
        ask(person, "session", "getsubs", session_id=session)
        fields = {"user_name": "ada", "price_id": book.pk}
        refused = ask(permit(clerk, "subscriptions.change_subscription"), "token", "cancel", **fields)
        assert refused.json()["error"]["message"] == "You do not have the permission subscriptions.change_payment."
        ended = ask(permit(clerk, "subscriptions.change_payment"), "token", "cancel", **fields)
        assert (ended.status_code, ended.json()["gives_access"]) == (200, False)


class TestHealth:
    """`/healthz?full` shows what the admin's page on the sync shows."""

    def by_session(self, user: User) -> int:
        browser = Client()
        browser.force_login(user)
        return browser.get("/healthz?full").status_code

    def by_token(self, user: User, rights: str = "full") -> int:
        token = api_tokens.create(user=user, name="t", rights=rights, now=timezone.now())[1]
        return Client().get("/healthz?full", headers={"Authorization": f"Bearer {token}"}).status_code

    def test_is_for_staff_who_may_view_sync_runs(self, clerk: User, person: User, staff: User) -> None:
        # No pass has run, which is a problem: 503.
        permit(person, "subscriptions.view_syncrun")
        for user in (person, clerk):
            assert (self.by_session(user), self.by_token(user)) == (403, 403)
        permit(clerk, "subscriptions.view_syncrun")
        for user in (clerk, staff):
            assert (self.by_session(user), self.by_token(user)) == (503, 503)
        assert (self.by_token(staff, "read"), self.by_token(staff, "own")) == (503, 403)


def test_the_docs_name_each_permission() -> None:
    named = {name for _fields, needed, _status in FOR_ANOTHER.values() for name in needed}
    assert named <= set(re.findall(r"`(\w+\.\w+)`", (settings.BASE_DIR / "docs" / "api.md").read_text()))
