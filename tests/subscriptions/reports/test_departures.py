"""Why subscriptions ended: what is mirrored of it, and the figures."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Price
from sandbox.local_stripe import LocalStripe
from subscriptions.models import Customer, Subscription
from subscriptions.plans import cancel as cancelling
from subscriptions.plans.cancel import Reason
from subscriptions.reports import departures
from subscriptions.reports.departures import Answer, Month
from tests.subscriptions import reading
from tests.subscriptions.conftest import sync_now
from tests.subscriptions.rows import subscribe

pytestmark = pytest.mark.django_db

PAGE = "/admin/subscriptions/subscription/departures/"
DAY = 24 * 60 * 60
NOW = datetime(2027, 2, 10, 12, tzinfo=UTC)


def said(subscription: Subscription) -> tuple[str, str, str]:
    return (
        subscription.cancellation_reason,
        subscription.cancellation_feedback,
        subscription.cancellation_comment,
    )


class TestMirror:
    def test_keeps_what_the_person_said(self, subscription: Subscription) -> None:
        cancelled = cancelling.cancel(subscription=subscription, reason=Reason("too_expensive", "Too much for me"))
        assert said(cancelled) == ("cancellation_requested", "too_expensive", "Too much for me")

    def test_resuming_takes_the_reason_back(self, subscription: Subscription) -> None:
        cancelled = cancelling.cancel(subscription=subscription, reason=Reason("unused"))
        assert cancelling.resume(subscription=cancelled).cancellation_reason == ""

    def test_tells_a_failed_payment_from_leaving(self, subscription: Subscription, local_stripe: LocalStripe) -> None:
        portal = local_stripe.api.billing_portal.sessions.create({"customer": str(subscription.customer_id)})
        local_stripe.control(f"portal/{portal.id}", action="card", card="4000000000000341")
        local_stripe.control("clock", advance=75 * DAY)
        sync_now()
        subscription.refresh_from_db()
        assert (subscription.status, said(subscription)) == ("canceled", ("payment_failed", "", ""))

    def test_of_rows_from_before_is_filled_without_drift(self, subscription: Subscription) -> None:
        cancelling.cancel(subscription=subscription, reason=Reason("unused"))
        Subscription.objects.update(cancellation_reason="", cancellation_feedback="", cancellation_comment="")
        run, _ = sync_now(full=True)
        subscription.refresh_from_db()
        assert (run.drift, said(subscription)) == (0, ("cancellation_requested", "unused", ""))


def ended(customer: Customer, price: Price, at: datetime, reason: str, **columns: str) -> Subscription:
    return subscribe(
        customer,
        price,
        pk=f"sub_{at:%m%d}_{reason}",
        status="canceled",
        ended_at=at,
        cancellation_reason=reason,
        **columns,
    )


class TestFigures:
    def test_by_month_and_cause(self, customer: Customer, price: Price) -> None:
        last = datetime(2027, 2, 1, tzinfo=UTC)
        for at, reason in (
            (last, "cancellation_requested"),
            (last, "payment_failed"),
            (last, "canceled_by_retention_policy"),
            (last, ""),
            (datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC), "payment_disputed"),
            (datetime(2026, 2, 28, 23, tzinfo=UTC), "cancellation_requested"),
        ):
            ended(customer, price, at, reason)
        subscribe(customer, price, pk="sub_never", status="incomplete_expired", ended_at=last)
        subscribe(customer, price, pk="sub_gone", status="canceled", ended_at=last, is_deleted=True)
        found = departures.read(now=NOW)
        assert (len(found.months), found.since) == (12, datetime(2026, 3, 1, tzinfo=UTC))
        assert [month for month in found.months if month.total] == [
            Month(last, left=1, payment_failed=1, other=2),
            Month(datetime(2027, 1, 1, tzinfo=UTC), disputed=1),
        ]

    def test_answers_and_comments(self, customer: Customer, price: Price) -> None:
        for day, answer, comment in ((1, "unused", "First"), (2, "unused", ""), (3, "too_new", "Last")):
            at = datetime(2027, 1, day, tzinfo=UTC)
            ended(
                customer,
                price,
                at,
                "cancellation_requested",
                cancellation_feedback=answer,
                cancellation_comment=comment,
            )
        found = departures.read(now=NOW)
        assert found.answers == [Answer("unused", "I don't use it enough", 2), Answer("too_new", "Too new", 1)]
        assert [one.cancellation_comment for one in found.comments] == ["Last", "First"]

    def test_of_nothing(self) -> None:
        found = departures.read(now=NOW)
        assert (sum(month.total for month in found.months), found.answers, found.comments) == (0, [], [])

    def test_december_is_followed_by_january(self) -> None:
        assert Month(datetime(2026, 12, 1, tzinfo=UTC)).ends_at == datetime(2027, 1, 1, tzinfo=UTC)


class TestPage:
    def test_figures_lead_to_their_rows(
        self, admin_client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        gone = cancelling.cancel_now(subscription=subscription, reason=Reason("low_quality", "It <b>broke</b>"))
        assert gone.ended_at is not None
        page = reading.shown(admin_client, PAGE)
        words = reading.words(page)
        assert f"{gone.ended_at:%B %Y} 1 0 0 0 1" in words
        assert "Quality was not good enough 1" in words
        assert "It &lt;b&gt;broke&lt;/b&gt;" in page
        month = Month(datetime(gone.ended_at.year, gone.ended_at.month, 1, tzinfo=UTC))
        since, until = (quote(at.isoformat()) for at in (month.starts_at, month.ends_at))
        addresses = [step.address for step in reading.steps(page)]
        behind = f"/admin/subscriptions/subscription/?status=canceled&ended_at__gte={since}&ended_at__lt={until}"
        assert f"{behind}&cancellation_reason=cancellation_requested" in addresses
        for address in addresses:
            if "ended_at__gte" in address:
                assert "1 subscription" in reading.words(reading.shown(admin_client, address)), address

    def test_list_says_why(self, admin_client: Client, subscription: Subscription) -> None:
        cancelling.cancel(subscription=subscription, reason=Reason("unused"))
        words = reading.words(reading.shown(admin_client, "/admin/subscriptions/subscription/"))
        assert "It was cancelled: I don't use it enough" in words

    def test_needs_the_right_to_see_subscriptions(self, client: Client) -> None:
        clara = User.objects.create_user("clara", password="correct horse battery", is_staff=True)
        client.force_login(clara)
        assert client.get(PAGE).status_code == 403
        clara.user_permissions.add(Permission.objects.get(codename="view_subscription"))
        response = client.get(PAGE)
        assert (response.status_code, "no-store" in response["Cache-Control"]) == (200, True)

    def test_queries_do_not_grow(
        self, admin_client: Client, customer: Customer, price: Price, django_assert_num_queries: object
    ) -> None:
        for day in range(1, 20):
            at = datetime(2027, 1, day, tzinfo=UTC)
            ended(customer, price, at, "cancellation_requested", cancellation_comment="Bye")
        with django_assert_num_queries(3):  # type: ignore[operator]
            found = departures.read(now=NOW)
            assert [str(one.customer) for one in found.comments] == [str(customer)] * 19
