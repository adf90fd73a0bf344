"""The page on the sync's health, in the admin."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from django.utils.html import escape

from tests.subscriptions.books import event, full_run, in_step, many_rows
from tests.subscriptions.reading import steps, words

pytestmark = pytest.mark.django_db

PAGE = "/admin/subscriptions/syncrun/health/"


@pytest.fixture
def clara(db: None) -> User:
    return User.objects.create_user("clara", password="correct horse battery", is_staff=True)


def shown(client: Client) -> str:
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


class TestWhoSeesIt:
    def test_staff_who_may_see_runs(self, client: Client, clara: User) -> None:
        clara.user_permissions.add(Permission.objects.get(codename="view_syncrun"))
        client.force_login(clara)
        response = client.get(PAGE)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
        assert "Sync health" in [step.label for step in steps(client.get("/admin/").content.decode())]

    def test_no_other_staff(self, client: Client, clara: User) -> None:
        client.force_login(clara)
        assert client.get(PAGE).status_code == 403
        assert "Sync health" not in client.get("/admin/").content.decode()

    def test_no_customer(self, client: Client, person: User) -> None:
        client.force_login(person)
        assert client.get(PAGE).status_code == 302

    def test_nobody_unknown(self, client: Client) -> None:
        response = client.get(PAGE)
        assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={PAGE}")

    def test_is_linked_from_the_list_of_runs(self, client: Client, staff: User) -> None:
        client.force_login(staff)
        [step] = [
            step
            for step in steps(client.get("/admin/subscriptions/syncrun/").content.decode())
            if step.address == PAGE
        ]
        assert step.label == "Sync health"


class TestPage:
    @pytest.fixture(autouse=True)
    def _signed_in(self, client: Client, staff: User) -> None:
        client.force_login(staff)

    def test_before_the_first_sync(self, client: Client) -> None:
        said = words(shown(client))
        assert "Needs attention No sync has completed yet. Is it running?" in said
        assert "Behind Stripe never" in said
        assert "Last runs None yet." in said

    def test_when_all_is_well(self, client: Client) -> None:
        now = timezone.now()
        in_step(now)
        full_run(now, stripe_calls=104)
        said = words(shown(client))
        assert "Up to date with Stripe The sync runs, nothing has failed, nothing is overdue." in said
        assert "Last full sync 6 h ago" in said
        assert "Failed events 0 " in said
        assert "Calls to Stripe 250 1.25 a pass" in said
        assert "The runs of the last 24 hours made 104 calls." in said

    def test_when_something_is_wrong(self, client: Client) -> None:
        now = timezone.now()
        in_step(now, last_pass_at=now - timedelta(minutes=10))
        event(now, "evt_1", state="failed", attempts=20)
        for number in range(2, 5):
            event(now, f"evt_{number}", source="sync")
        html = shown(client)
        said = words(html)
        assert "Needs attention The last complete pass was 10 min ago. Is the sync running?" in said
        assert "No webhook has arrived since " not in said
        assert "Failed events Type Events Given up Oldest invoice.paid 1 1 60 min ago" in said
        [step] = [step for step in steps(html) if step.label == "invoice.paid"]
        listed = client.get(step.address)
        assert listed.status_code == 200
        assert "evt_1" in listed.content.decode()
        assert "evt_2" not in listed.content.decode()

    def test_names_what_drifted_and_what_stripe_does_not_know(self, client: Client) -> None:
        now = timezone.now()
        in_step(now)
        full_run(now, drift=3, drifted=["sub_A_5C", "prod_1"], unknown=1, unknown_ids=["sub_gone"])
        html = shown(client)
        said = words(html)
        assert "Drift: changed without an event sub_A_5C prod_1 and 1 more" in said
        assert "Unknown to Stripe sub_gone" in said
        assert "Stripe does not know 1 of our rows." in said
        [step] = [step for step in steps(html) if step.label == "sub_A_5C"]
        assert step.address == "/admin/subscriptions/subscription/sub_5FA_5F5C/change/"

    def test_shows_an_error_as_text(self, client: Client) -> None:
        now = timezone.now()
        in_step(now, failing_since_at=now, last_error="<script>alert(1)</script>")
        html = shown(client)
        assert escape("<script>alert(1)</script>") in html
        assert "<script>alert(1)" not in html

    @pytest.mark.parametrize("rows", [1, 300])
    def test_asks_no_more_the_more_rows_there_are(
        self, client: Client, django_assert_num_queries: Any, rows: int
    ) -> None:
        now = timezone.now()
        in_step(now)
        many_rows(now, rows)
        # Session, person, and eight for the health.
        with django_assert_num_queries(10):
            client.get(PAGE)
