"""How a subscription's history is told to the person who pays for it, and on which page."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from billing.models import Price, Product
from subscriptions.customers import services as customers
from subscriptions.models import Customer, StatusChange, Subscription
from tests import joins
from tests.fixtures import LocalStripe

NOW = datetime(2026, 4, 3, 12, tzinfo=UTC)
MAY = datetime(2026, 5, 3, tzinfo=UTC)
UNKNOWN = "a_status_of_next_year"
STATUSES = [*Subscription.Status.values, UNKNOWN]

PRO = Price(pk="price_pro", product=Product(pk="prod_pro", name="Pro"), currency="usd", unit_amount=1900)
TEAM = Price(
    pk="price_team", product=Product(pk="prod_team", name="Team"), currency="usd", unit_amount=29000, interval="year"
)


def change(before: str, after: str, **columns: Any) -> StatusChange:
    """A line of the history of one that was on Pro and stays on it, unless `columns` say otherwise."""
    same = {"from_price": PRO, "to_price": PRO, "from_quantity": 1, "to_quantity": 1}
    return StatusChange(from_status=before, to_status=after, changed_at=NOW, **{**same, **columns})


def start(status: str, **columns: Any) -> StatusChange:
    return change("", status, from_price=None, from_quantity=None, **columns)


class TestStart:
    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("active", "Started on Pro, $19.00 per month"),
            ("trialing", "Trial of Pro, $19.00 per month started"),
            ("incomplete", "Ordered Pro, $19.00 per month: first payment pending"),
            ("past_due", "On Pro, $19.00 per month when this history began. Payment overdue"),
            ("unpaid", "On Pro, $19.00 per month when this history began. Still unpaid: access has ended"),
            ("paused", "On Pro, $19.00 per month when this history began. Paused"),
            ("canceled", "On Pro, $19.00 per month when this history began. Ended"),
            (
                "incomplete_expired",
                (
                    "On Pro, $19.00 per month when this history began. "
                    "Never started: the first payment did not go through"
                ),
            ),
            (UNKNOWN, "On Pro, $19.00 per month when this history began. A status of next year"),
        ],
    )
    def test_names_the_plan(self, status: str, words: str) -> None:
        assert start(status).words == words

    def test_counts_seats(self) -> None:
        words = start("active", to_quantity=3).words
        assert words == "Started on Pro, $57.00 per month, 3 \N{MULTIPLICATION SIGN} $19.00"

    def test_of_what_is_no_longer_listed(self) -> None:
        assert start("active", to_price=None).words == "Started on a plan that is no longer listed"

    def test_of_a_price_whose_product_is_no_longer_listed(self) -> None:
        price = Price(pk="price_lost", currency="usd", unit_amount=500)
        assert start("active", to_price=price).words == "Started on a plan that is no longer listed, $5.00 per month"

    def test_already_set_to_end(self) -> None:
        words = start("active", cancels_at=MAY).words
        assert words == "Started on Pro, $19.00 per month. Set to end on 3 May 2026"

    @pytest.mark.parametrize(
        ("age", "words"),
        [
            (timedelta(hours=24), "Started on Pro, $19.00 per month"),
            (timedelta(hours=25), "On Pro, $19.00 per month when this history began"),
        ],
    )
    def test_is_not_claimed_of_one_imported_later(self, age: timedelta, words: str) -> None:
        imported = start("active", subscription=Subscription(pk="sub_1", stripe_created_at=NOW - age))
        assert imported.words == words


class TestStatus:
    @pytest.mark.parametrize(
        ("before", "after", "words"),
        [
            ("incomplete", "active", "First payment received"),
            ("incomplete", "trialing", "Trial started"),
            ("incomplete", "incomplete_expired", "Never started: the first payment did not go through"),
            ("trialing", "active", "Trial over, paid from now on"),
            ("trialing", "paused", "Paused"),
            ("active", "trialing", "On trial"),
            ("active", "past_due", "Payment overdue"),
            ("past_due", "active", "Paid: no longer overdue"),
            ("past_due", "unpaid", "Still unpaid: access has ended"),
            ("unpaid", "active", "Paid: access is back"),
            ("paused", "active", "Goes on after a pause"),
            ("paused", "trialing", "Trial goes on after a pause"),
            ("active", "canceled", "Ended"),
            ("active", UNKNOWN, "A status of next year"),
            (UNKNOWN, "active", "Active"),
        ],
    )
    def test_has_its_own_words(self, before: str, after: str, words: str) -> None:
        assert change(before, after).words == words

    def test_after_a_trial_promises_no_payment_while_payments_are_paused(self) -> None:
        line = change("trialing", "active", from_pause="void", to_pause="void")
        assert line.words == "Trial over, but its payments are paused"

    @pytest.mark.parametrize(("before", "after"), list(itertools.permutations(STATUSES, 2)))
    def test_of_every_pair_is_one_sentence_without_our_jargon(self, before: str, after: str) -> None:
        words = change(before, after).words
        assert words[0].isupper()
        assert not {"_", "."} & set(words)
        assert words != "Goes on: no longer set to end"


class TestPlan:
    def test_changed(self) -> None:
        words = change("active", "active", to_price=TEAM).words
        assert words == "Changed from Pro, $19.00 per month to Team, $290.00 per year"

    def test_and_quantity_changed(self) -> None:
        words = change("active", "active", to_price=TEAM, from_quantity=2, to_quantity=3).words
        times = "\N{MULTIPLICATION SIGN}"
        before, after = f"Pro, $38.00 per month, 2 {times} $19.00", f"Team, $870.00 per year, 3 {times} $290.00"
        assert words == f"Changed from {before} to {after}"

    def test_quantity_changed(self) -> None:
        assert change("active", "active", to_quantity=4).words == "Quantity changed from 1 to 4"
        assert change("active", "active", to_quantity=0).words == "Quantity changed from 1 to 0"
        assert change("active", "active", from_quantity=None, to_quantity=2).words == "Quantity changed from 1 to 2"

    @pytest.mark.django_db
    @pytest.mark.parametrize(
        ("prices", "words"),
        [
            (
                {"from_price": None, "from_price_id": "price_gone"},
                "Changed from a plan that is no longer listed to Pro, $19.00 per month",
            ),
            (
                {"to_price": None, "to_price_id": "price_gone"},
                "Changed from Pro, $19.00 per month to a plan that is no longer listed",
            ),
        ],
    )
    def test_no_longer_listed(self, prices: dict[str, Any], words: str) -> None:
        line = change("active", "active")
        for column, value in prices.items():
            setattr(line, column, value)
        assert line.words == words

    def test_changed_together_with_the_status(self) -> None:
        words = change("trialing", "active", to_price=TEAM).words
        assert words == "Trial over, paid from now on. Changed from Pro, $19.00 per month to Team, $290.00 per year"


class TestEnd:
    def test_set(self) -> None:
        assert change("active", "active", cancels_at=MAY).words == "Set to end on 3 May 2026"

    def test_called_off(self) -> None:
        assert change("active", "active").words == "Goes on: no longer set to end"

    def test_still_set_when_the_payment_fails(self) -> None:
        words = change("active", "past_due", cancels_at=MAY).words
        assert words == "Payment overdue. Set to end on 3 May 2026"


@pytest.mark.django_db
class TestPage:
    def line(self, customer: Customer, price: Price, **columns: Any) -> StatusChange:
        subscription, _ = Subscription.objects.get_or_create(
            pk=f"sub_of_{customer.pk}", defaults={"customer": customer, "status": "active"}
        )
        told = {"to_status": "active", "to_price": price, "changed_at": NOW, "cause_kind": "event", **columns}
        return StatusChange.objects.create(subscription=subscription, **told)

    def test_tells_the_newest_first(self, customer_client: Client, customer: Customer, price: Price) -> None:
        self.line(customer, price)
        self.line(customer, price, from_status="active", to_status="past_due", changed_at=MAY)
        page = customer_client.get("/account/history/").content.decode()
        assert page.index("Payment overdue") < page.index("Started on Pro, $19.00 per month")
        assert "3 May 2026, 00:00" in page

    @pytest.mark.parametrize(
        ("cause", "who"),
        [
            (("event", "evt_1"), "Stripe"),
            (("sync", "run"), "Stripe"),
            (("staff", "1"), "Our staff"),
            (("import", ""), "Stripe"),
            (("person", "somebody else"), "Our staff"),
            (("person", "me"), "You"),
        ],
    )
    def test_names_who_did_it(
        self, customer_client: Client, customer: Customer, price: Price, cause: tuple[str, str], who: str
    ) -> None:
        kind, by = cause
        me = str(User.objects.get(username="ada").pk)
        self.line(customer, price, cause_kind=kind, cause_id=me if by == "me" else by)
        assert f'<span class="history-cause">{who}</span>' in customer_client.get("/account/history/").content.decode()

    def test_names_the_plan_of_that_time(self, customer_client: Client, customer: Customer, price: Price) -> None:
        team = Product.objects.create(pk="prod_team", name="Team")
        line = self.line(customer, price)
        Subscription.objects.filter(pk=line.subscription_id).update(product=team)
        page = customer_client.get("/account/history/").content.decode()
        assert "Pro ·" in page
        assert "Team" not in page

    def test_without_any(self, customer_client: Client) -> None:
        assert b"Nothing has happened yet" in customer_client.get("/account/history/").content

    def test_shows_nothing_of_somebody_else(
        self, customer_client: Client, staff: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.line(customers.ensure(staff), price)
        assert b"Nothing has happened yet" in customer_client.get("/account/history/").content

    def test_is_paged_and_takes_as_many_queries_for_many(
        self,
        customer_client: Client,
        customer: Customer,
        price: Price,
        django_assert_max_num_queries: Any,
    ) -> None:
        for hours in range(30):
            self.line(customer, price, changed_at=NOW + timedelta(hours=hours))
        with django_assert_max_num_queries(joins.queries(7, links=7)):
            first = customer_client.get("/account/history/").content.decode()
        assert first.count("Started on Pro") == 20
        assert '<a rel="next" href="?page=2">' in first
        second = customer_client.get("/account/history/", {"page": "2"}).content.decode()
        assert second.count("Started on Pro") == 10
        assert '<a rel="prev" href="?page=1">' in second
