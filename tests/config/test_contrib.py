"""Django's own apps on every engine: sign-in, sessions, the admin's pages, permissions, migrations."""

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed_in_staff(client: Client) -> User:
    """A superuser who is signed in."""
    user = User.objects.create_superuser("ada", "ada@example.com", "a good password")
    client.force_login(user)
    return user


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename, content_type__app_label="auth")


class TestMigrations:
    def test_are_complete(self) -> None:
        call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


class TestSignIn:
    def test_starts_a_session_and_signing_out_ends_it(self, client: Client) -> None:
        user = User.objects.create_superuser("ada", "ada@example.com", "a good password")
        answer = client.post("/admin/login/?next=/admin/", {"username": "ada", "password": "a good password"})
        assert (answer.status_code, answer["Location"]) == (302, "/admin/")
        assert client.get("/admin/").context["user"] == user
        assert Session.objects.count() == 1

        client.post("/admin/logout/")
        assert client.get("/admin/").status_code == 302
        assert Session.objects.count() == 0

    def test_refuses_a_wrong_password(self, client: Client) -> None:
        User.objects.create_superuser("ada", "ada@example.com", "a good password")
        answer = client.post("/admin/login/", {"username": "ada", "password": "a bad password"})
        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert Session.objects.count() == 0

    def test_a_name_is_taken_once(self) -> None:
        User.objects.create_user("ada")
        form_data = {"username": "ada", "password1": "a good password", "password2": "a good password"}
        client = Client()
        client.force_login(User.objects.create_superuser("grace"))
        answer = client.post("/admin/auth/user/add/", form_data)
        assert answer.context["errors"] == [["A user with that username already exists."]]
        assert User.objects.count() == 2


class TestUserAdmin:
    def test_list_search_and_filter(self, client: Client, signed_in_staff: User) -> None:
        User.objects.create_user("grace", email="grace@example.com")
        User.objects.create_user("barbara", is_active=False)
        group = Group.objects.create(name="editors")
        signed_in_staff.groups.add(group)

        def names(query: str) -> list[str]:
            return [user.username for user in client.get(f"/admin/auth/user/{query}").context["cl"].result_list]

        assert names("") == ["ada", "barbara", "grace"]
        assert names("?o=-1") == ["grace", "barbara", "ada"]
        assert names("?q=GRACE@") == ["grace"]
        assert names("?is_active__exact=0") == ["barbara"]
        assert names(f"?groups__id__exact={group.pk}") == ["ada"]

    def test_add_change_delete_and_history(self, client: Client, signed_in_staff: User) -> None:
        client.post(
            "/admin/auth/user/add/",
            {"username": "grace", "password1": "a good password", "password2": "a good password"},
        )
        grace = User.objects.get(username="grace")
        group = Group.objects.create(name="editors")
        change = f"/admin/auth/user/{grace.pk}/change/"
        answer = client.post(
            change,
            {
                "username": "grace",
                "first_name": "Grace",
                "is_active": "on",
                "is_staff": "on",
                "groups": [str(group.pk)],
                "user_permissions": [str(permission("view_user").pk)],
                "date_joined_0": "2026-01-02",
                "date_joined_1": "03:04:05",
                "last_login_0": "",
                "last_login_1": "",
            },
        )
        assert answer.status_code == 302, answer.context["errors"]
        grace.refresh_from_db()
        assert (grace.first_name, grace.is_staff) == ("Grace", True)
        assert list(grace.groups.all()) == [group]
        assert list(grace.user_permissions.values_list("codename", flat=True)) == ["view_user"]
        page = client.get(change)
        assert page.context["adminform"].form["groups"].value() == [group.pk]

        history = client.get(f"/admin/auth/user/{grace.pk}/history/")
        assert [entry.action_flag for entry in history.context["action_list"]] == [ADDITION, CHANGE]

        client.post(f"/admin/auth/user/{grace.pk}/delete/", {"post": "yes"})
        assert not User.objects.filter(username="grace").exists()
        assert LogEntry.objects.get(action_flag=DELETION).user == signed_in_staff

    def test_delete_selected(self, client: Client, signed_in_staff: User) -> None:
        group = Group.objects.create(name="editors")
        chosen = [User.objects.create_user(name) for name in ("grace", "barbara")]
        for user in chosen:
            user.groups.add(group)
        client.post(
            "/admin/auth/user/",
            {"action": "delete_selected", "_selected_action": [str(user.pk) for user in chosen], "post": "yes"},
        )
        assert list(User.objects.all()) == [signed_in_staff]
        assert group.user_set.count() == 0


class TestGroupAdmin:
    def test_add_change_search_and_delete(self, client: Client, signed_in_staff: User) -> None:
        permissions = [permission("add_user"), permission("change_user")]
        client.post("/admin/auth/group/add/", {"name": "editors", "permissions": [str(permissions[0].pk)]})
        group = Group.objects.get(name="editors")
        client.post(
            f"/admin/auth/group/{group.pk}/change/",
            {"name": "writers", "permissions": [str(permission.pk) for permission in permissions]},
        )
        group.refresh_from_db()
        assert group.name == "writers"
        assert sorted(group.permissions.values_list("codename", flat=True)) == ["add_user", "change_user"]
        assert client.get("/admin/auth/group/?q=WRIT").context["cl"].result_count == 1
        assert client.get("/admin/auth/group/?q=edit").context["cl"].result_count == 0

        client.post(f"/admin/auth/group/{group.pk}/delete/", {"post": "yes"})
        assert Group.objects.count() == 0


class TestPermissions:
    def test_of_a_user_and_of_a_group(self) -> None:
        group = Group.objects.create(name="editors")
        group.permissions.add(permission("change_group"))
        user = User.objects.create_user("grace")
        user.user_permissions.add(permission("view_user"))
        user.groups.add(group)
        assert user.get_all_permissions() == {"auth.view_user", "auth.change_group"}
        assert user.has_perm("auth.change_group")
        assert not user.has_perm("auth.delete_group")
        assert list(User.objects.with_perm("auth.change_group")) == [user]

    def test_decide_what_staff_see(self, client: Client) -> None:
        user = User.objects.create_user("grace", is_staff=True)
        user.user_permissions.add(permission("view_user"))
        client.force_login(user)
        assert client.get(reverse("admin:auth_user_changelist")).status_code == 200
        assert client.get(reverse("admin:auth_user_add")).status_code == 403
        assert client.get(reverse("admin:auth_group_changelist")).status_code == 403


@pytest.mark.only_on("mongodb")
@pytest.mark.needs_server("asks how the query was planned")
class TestLookUps:
    def test_use_an_index(self) -> None:
        User.objects.create_user("grace")
        Group.objects.create(name="editors")
        for rows in (
            User.objects.filter(username="grace"),
            Group.objects.filter(name="editors"),
            Session.objects.filter(session_key="a-key"),
        ):
            plan = rows.explain()
            assert "IXSCAN" in plan, plan
            assert "COLLSCAN" not in plan


@pytest.mark.only_on("mongodb")
class TestExpiry:
    def test_of_sessions_is_mongodbs(self) -> None:
        assert indexes_of_expiry() == {"django_session_expire_date_expiry": 0}

    def test_may_be_undone_and_done_again(self) -> None:
        executor = MigrationExecutor(connection)
        executor.migrate([("sessions", "0002_lookup_indexes")])
        assert indexes_of_expiry() == {"django_session_expire_date_expiry": None}
        executor = MigrationExecutor(connection)
        executor.migrate([("sessions", "0003_expiry")])
        assert indexes_of_expiry() == {"django_session_expire_date_expiry": 0}


def indexes_of_expiry() -> dict[str, int | None]:
    indexes = connection.get_collection("django_session").index_information()
    found = {name: index for name, index in indexes.items() if index["key"] == [("expire_date", 1)]}
    return {name: index.get("expireAfterSeconds") for name, index in found.items()}
