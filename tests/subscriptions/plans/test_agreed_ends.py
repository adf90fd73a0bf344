"""Ends that staff set in the dashboard: by a schedule, which is an agreement, or later than the paid period."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils.dateformat import format as format_date

from billing.models import Price
from subscriptions.models import StatusChange, Subscription
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, path_to, sync_now
from tests.subscriptions.reading import Step, cards, forms, shown, steps, words

pytestmark = pytest.mark.django_db

MONTHS = 12


def day(moment: datetime | None) -> str:
    assert moment is not None
    return format_date(moment, "j F Y")


def agree(local_stripe: LocalStripe, subscription: Subscription, *phases: dict[str, Any], end: str = "cancel") -> str:
    """Make a schedule in the dashboard: the current phase for a year, or until the first of the later `phases`."""
    schedule = local_stripe.api.subscription_schedules.create({"from_subscription": subscription.pk})
    [first] = schedule.phases
    items: Any = [{"price": str(subscription.price_id), "quantity": subscription.quantity}]
    span = {"end_date": first.end_date} if phases else {"duration": {"interval": "year", "interval_count": 1}}
    params: Any = {
        "end_behavior": end,
        "phases": [{"items": items, "start_date": first.start_date, **span}, *phases],
    }
    local_stripe.api.subscription_schedules.update(schedule.id, params)
    sync_now()
    local_stripe.forget_calls()
    return schedule.id


@pytest.fixture
def agreed(subscription: Subscription, local_stripe: LocalStripe) -> Subscription:
    """Ada's Pro for a year, as agreed with staff: monthly, then it ends."""
    agree(local_stripe, subscription)
    found = Subscription.objects.get()
    assert found.ends_as_agreed
    return found


def card(client: Client) -> str:
    """The first subscription on the account page: those that run come first."""
    found, *_ = cards(shown(client, "/account/"))
    return found


def labels(html: str) -> list[str]:
    return [step.label for step in steps(html)]


class TestShown:
    def test_with_the_next_charge_and_no_resume(self, customer_client: Client, agreed: Subscription) -> None:
        ends, renews = day(agreed.cancels_at), day(agreed.current_period_end_at)
        assert words(card(customer_client)).startswith(
            f"Pro Ends {ends} $19.00 per month "
            f"It ends on {ends}, as agreed. Until then it renews; the next payment is on {renews}."
        )
        assert labels(card(customer_client)) == ["Change plan (Pro)", "Cancel Pro"]

    def test_is_charged_until_then_and_ends(
        self, customer_client: Client, agreed: Subscription, local_stripe: LocalStripe
    ) -> None:
        assert agreed.cancels_at is not None
        local_stripe.control("clock", to=int(agreed.cancels_at.timestamp()) - DAY)
        sync_now(full=True)
        last = Subscription.objects.get()
        assert (last.status, last.ends_with_period, last.gives_access) == ("active", True, True)
        assert "as agreed, and does not renew." in words(card(customer_client))
        assert len(local_stripe.api.invoices.list({"limit": 100}).data) == MONTHS
        local_stripe.control("clock", advance=2 * DAY)
        sync_now()
        assert Subscription.objects.get().status == "canceled"

    def test_by_json(self, customer_client: Client, agreed: Subscription) -> None:
        [found] = customer_client.get("/api/me").json()["subscriptions"]
        assert (found["can_resume"], found["can_change"], found["cancel_at_period_end"]) == (False, True, False)
        assert found["next_charge_at"] == found["current_period_end"] < found["cancel_at"]

    def test_in_the_history_and_the_admin(self, client: Client, staff: Any, agreed: Subscription) -> None:
        assert StatusChange.objects.latest("recorded_at").words == f"Set to end on {day(agreed.cancels_at)}"
        client.force_login(staff)
        page = client.get(f"/admin/subscriptions/subscription/{agreed.pk}/change/").content.decode()
        assert f"It ends on {day(agreed.cancels_at)}, as agreed." in page
        assert f"Ends {day(agreed.cancels_at)}" in client.get("/admin/subscriptions/subscription/").content.decode()

    def test_with_several_changes_to_come(
        self,
        customer_client: Client,
        subscription: Subscription,
        basic: Price,
        team: Price,
        local_stripe: LocalStripe,
    ) -> None:
        month = {"duration": {"interval": "month", "interval_count": 1}}
        agree(
            local_stripe,
            subscription,
            {"items": [{"price": basic.pk, "quantity": 1}], **month},
            {"items": [{"price": basic.pk, "quantity": 1}], "metadata": {"note": "same"}, **month},
            {"items": [{"price": basic.pk, "quantity": 3}], **month},
            {"items": [{"price": team.pk, "quantity": 1}], **month},
            end="release",
        )
        found = Subscription.objects.get()
        assert found.cancels_at is None
        assert found.pending_change is not None
        first, second, third = [datetime.fromtimestamp(one["at"], UTC) for one in found.pending_change.following]
        assert words(card(customer_client)).startswith(
            f"Pro Active $19.00 per month Renews on {day(found.current_period_end_at)}. "
            f"Changes to Basic, $5.00 per month on {day(first)}, "
            f"then to Basic, $15.00 per month, 3 \N{MULTIPLICATION SIGN} $5.00 on {day(second)}, "
            f"then to Team, $49.00 per month on {day(third)}."
        )


class TestResume:
    def test_of_an_agreed_end_is_refused_in_our_words(
        self, customer_client: Client, agreed: Subscription, local_stripe: LocalStripe
    ) -> None:
        answer = customer_client.post(f"/subscriptions/{agreed.pk}/resume/")
        assert answer.status_code == 400
        assert f"It was agreed that this subscription ends on {day(agreed.cancels_at)}." in words(
            answer.content.decode()
        )
        assert local_stripe.calls == []

    def test_after_a_cancel_returns_to_what_was_agreed(
        self, customer_client: Client, agreed: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_client.post(f"/subscriptions/{agreed.pk}/cancel/", {"when": "period_end"})
        cancelled = Subscription.objects.get()
        assert cancelled.cancels_at == agreed.current_period_end_at
        assert words(card(customer_client)).startswith(
            f"Pro Ends {day(cancelled.cancels_at)} $19.00 per month Cancelled."
        )
        customer_client.post(f"/subscriptions/{agreed.pk}/resume/")
        after = Subscription.objects.get()
        assert (after.cancels_at, after.ends_as_agreed) == (agreed.cancels_at, True)


class TestChange:
    def test_now_keeps_the_end(
        self, customer_client: Client, agreed: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        page = shown(customer_client, path_to(agreed, team))
        assert f"Your subscription stays set to end on {day(agreed.cancels_at)}." in words(page)
        answer = customer_client.post(path_to(agreed, team), forms(page)[0])
        assert answer.status_code == 302
        after = Subscription.objects.get()
        assert (after.price_id, after.cancels_at, after.ends_as_agreed) == (team.pk, agreed.cancels_at, True)
        theirs = local_stripe.api.subscriptions.retrieve(agreed.pk)
        assert (theirs.cancel_at, theirs.schedule) == (int(agreed.cancels_at.timestamp()), None)  # type: ignore[union-attr]
        assert customer_client.post(f"/subscriptions/{agreed.pk}/resume/").status_code == 400

    def test_later_keeps_the_end(
        self, customer_client: Client, agreed: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        page = shown(customer_client, path_to(agreed, basic))
        assert f"Your subscription still ends on {day(agreed.cancels_at)}, as agreed." in words(page)
        answer = customer_client.post(path_to(agreed, basic), forms(page)[1])
        assert answer.status_code == 302
        after = Subscription.objects.get()
        assert (after.cancels_at, after.ends_as_agreed) == (agreed.cancels_at, True)
        assert after.pending_change is not None
        assert after.pending_change.next_at == agreed.current_period_end_at
        local_stripe.control("clock", to=int(agreed.current_period_end_at.timestamp()) + DAY)  # type: ignore[union-attr]
        sync_now()
        changed = Subscription.objects.get()
        assert (changed.price_id, changed.cancels_at) == (basic.pk, agreed.cancels_at)

    def test_twice_keeps_the_end(
        self, customer_client: Client, agreed: Subscription, basic: Price, team: Price
    ) -> None:
        for price, form in ((team, 0), (basic, 1)):
            page = shown(customer_client, path_to(agreed, price))
            assert customer_client.post(path_to(agreed, price), forms(page)[form]).status_code == 302
        after = Subscription.objects.get()
        assert (after.price_id, after.cancels_at, after.ends_as_agreed) == (team.pk, agreed.cancels_at, True)
        assert after.pending_change is not None
        assert after.pending_change.next_price_id == basic.pk

    def test_to_a_period_beyond_the_end_is_refused(
        self, customer_client: Client, agreed: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        answer = customer_client.get(path_to(agreed, yearly))
        assert (answer.status_code, b"for longer than your subscription goes on" in answer.content) == (400, True)
        assert local_stripe.calls == []

    def test_undone_keeps_the_end(
        self, customer_client: Client, agreed: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        page = shown(customer_client, path_to(agreed, basic))
        customer_client.post(path_to(agreed, basic), forms(page)[1])
        customer_client.post(f"/subscriptions/{agreed.pk}/undo-change/")
        after = Subscription.objects.get()
        assert (after.price_id, after.pending_change) == (agreed.price_id, None)
        assert (after.cancels_at, after.ends_as_agreed) == (agreed.cancels_at, True)


class TestLaterCancel:
    @pytest.fixture
    def in_100_days(self, subscription: Subscription, local_stripe: LocalStripe) -> Subscription:
        assert subscription.current_period_end_at is not None
        end = int(subscription.current_period_end_at.timestamp()) + 80 * DAY
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at": end, "proration_behavior": "none"})
        sync_now()
        return Subscription.objects.get()

    def test_is_shown_with_the_next_charge(self, customer_client: Client, in_100_days: Subscription) -> None:
        ends, renews = day(in_100_days.cancels_at), day(in_100_days.current_period_end_at)
        assert f"It ends on {ends}. Until then it renews; the next payment is on {renews}." in words(
            card(customer_client)
        )
        assert steps(card(customer_client)) == [
            Step("Change plan (Pro)", "get", f"/subscriptions/{in_100_days.pk}/change/"),
            Step("Resume Pro", "post", f"/subscriptions/{in_100_days.pk}/resume/"),
            Step("Cancel Pro", "get", f"/subscriptions/{in_100_days.pk}/cancel/"),
        ]

    def test_can_be_cancelled_earlier_and_comes_back(self, customer_client: Client, in_100_days: Subscription) -> None:
        page = words(shown(customer_client, f"/subscriptions/{in_100_days.pk}/cancel/"))
        period_end, end = day(in_100_days.current_period_end_at), day(in_100_days.cancels_at)
        assert f"You keep access until {period_end}. It does not renew and ends then, not on {end}," in page
        customer_client.post(f"/subscriptions/{in_100_days.pk}/cancel/", {"when": "period_end"})
        assert Subscription.objects.get().cancels_at == in_100_days.current_period_end_at
        customer_client.post(f"/subscriptions/{in_100_days.pk}/resume/")
        assert Subscription.objects.get().cancels_at == in_100_days.cancels_at
        customer_client.post(f"/subscriptions/{in_100_days.pk}/resume/")
        assert Subscription.objects.get().cancels_at is None

    def test_is_kept_by_a_change_now(self, customer_client: Client, in_100_days: Subscription, team: Price) -> None:
        page = shown(customer_client, path_to(in_100_days, team))
        customer_client.post(path_to(in_100_days, team), forms(page)[0])
        after = Subscription.objects.get()
        assert (after.price_id, after.cancels_at) == (team.pk, in_100_days.cancels_at)

    def test_goes_with_a_change_later_as_the_page_says(
        self, customer_client: Client, in_100_days: Subscription, basic: Price
    ) -> None:
        page = shown(customer_client, path_to(in_100_days, basic))
        assert f"set to end on {day(in_100_days.cancels_at)}; with this change it continues." in words(page)
        assert customer_client.post(path_to(in_100_days, basic), forms(page)[1]).status_code == 302
        after = Subscription.objects.get()
        assert (after.cancels_at, after.pending_change is None) == (None, False)
