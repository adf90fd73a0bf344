"""Deleting users in the admin: what they pay for is settled at Stripe first, or nobody is deleted."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Coupon, Price, Product
from subscriptions.customers import ownership
from subscriptions.models import Customer, ErasedCustomer, Invoice, Subscription, SubscriptionSchedule
from subscriptions.plans import leaving
from tests.fixtures import LocalStripe
from tests.subscriptions import reading, rows
from tests.subscriptions.conftest import buy, sessions_by_status, sync_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client: Client, staff: User, local_stripe: LocalStripe) -> Client:
    client.force_login(staff)
    return client


def pages(person: User) -> list[tuple[str, dict[str, Any]]]:
    """The two ways to delete a user: its page's, and the list's."""
    action = {"action": "delete_selected", "_selected_action": [str(person.pk)]}
    return [(f"/admin/auth/user/{person.pk}/delete/", {}), ("/admin/auth/user/", action)]


def status_at_stripe(local_stripe: LocalStripe) -> list[tuple[str, bool]]:
    listed = local_stripe.api.subscriptions.list({"status": "all"}).data
    return [(str(one.status), one.cancel_at_period_end) for one in listed]


def logged() -> list[str]:
    return list(LogEntry.objects.order_by("action_time").values_list("change_message", flat=True))


@pytest.fixture(params=[0, 1], ids=["its page", "the list"])
def deleting(request: pytest.FixtureRequest, person: User) -> tuple[str, dict[str, Any]]:
    return pages(person)[request.param]


class TestDeletingAPayingUser:
    def test_names_what_runs_and_asks(
        self, office: Client, subscription: Subscription, deleting: tuple[str, dict[str, Any]]
    ) -> None:
        path, action = deleting
        page = office.post(path, action) if action else office.get(path)
        text = reading.words(page.content.decode())
        day = f"{subscription.current_period_end_at:%B} {subscription.current_period_end_at.day}"
        assert f"ada: Pro: $19.00 per month, next charge on {day[:3]}" in text
        assert page.content.decode().count('type="radio"') == 3
        assert User.objects.filter(username="ada").exists()

    @pytest.mark.parametrize("fate", [None, "", "nothing", "other"])
    def test_deletes_nobody_without_a_choice(
        self,
        office: Client,
        subscription: Subscription,
        local_stripe: LocalStripe,
        deleting: tuple[str, dict[str, Any]],
        fate: str | None,
    ) -> None:
        path, action = deleting
        chosen = {} if fate is None else {"fate": fate}
        page = office.post(path, {**action, "post": "yes", **chosen})
        assert (page.status_code, "errorlist" in page.content.decode()) == (200, True)
        assert User.objects.filter(username="ada").exists()
        assert (local_stripe.calls, status_at_stripe(local_stripe)) == ([], [("active", False)])

    @pytest.mark.parametrize(
        "fate",
        [
            ("cancel_now", ("canceled", False), "Cancelled {} now."),
            ("at_period_end", ("active", True), "Cancelled {} at the end of the paid period."),
        ],
    )
    def test_cancels_then_deletes(
        self,
        office: Client,
        subscription: Subscription,
        local_stripe: LocalStripe,
        deleting: tuple[str, dict[str, Any]],
        fate: tuple[str, tuple[str, bool], str],
    ) -> None:
        path, action = deleting
        chosen, at_stripe, said = fate
        office.post(path, {**action, "post": "yes", "fate": chosen})
        assert not User.objects.filter(username="ada").exists()
        assert status_at_stripe(local_stripe) == [at_stripe]
        row = Subscription.objects.get()
        assert (row.status, row.cancel_at_period_end) == at_stripe
        assert logged()[0] == said.format(subscription.pk)
        assert len(logged()) == 2

    def test_erases(
        self,
        office: Client,
        subscription: Subscription,
        local_stripe: LocalStripe,
        deleting: tuple[str, dict[str, Any]],
    ) -> None:
        path, action = deleting
        customer_id = subscription.customer_id
        office.post(path, {**action, "post": "yes", "fate": "erase"})
        assert not User.objects.filter(username="ada").exists()
        assert (Customer.objects.count(), ErasedCustomer.objects.get().pk) == (0, customer_id)
        assert status_at_stripe(local_stripe)[0][0] == "canceled"

    def test_deletes_nobody_while_stripe_is_away(
        self,
        office: Client,
        subscription: Subscription,
        local_stripe: LocalStripe,
        deleting: tuple[str, dict[str, Any]],
    ) -> None:
        path, action = deleting
        local_stripe.control("faults", status="timeout", count=3)
        page = office.post(path, {**action, "post": "yes", "fate": "cancel_now"})
        text = reading.words(page.content.decode())
        assert "Nobody was deleted. ada: Stripe can't be reached" in text
        assert User.objects.filter(username="ada").exists()
        assert (status_at_stripe(local_stripe), logged()) == ([("active", False)], [])

    def test_says_what_was_done_before_stripe_went_away(
        self, office: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        method = local_stripe.api.customers.payment_methods.list(str(subscription.customer_id)).data[0].id
        second = local_stripe.api.subscriptions.create(
            {
                "customer": str(subscription.customer_id),
                "items": [{"price": str(subscription.price_id)}],
                "default_payment_method": method,
            }
        )
        local_stripe.control("faults", status=500, count=9, path=f"/v1/subscriptions/{subscription.pk}")
        path = f"/admin/auth/user/{person.pk}/delete/"
        text = reading.words(office.post(path, {"post": "yes", "fate": "cancel_now"}).content.decode())
        assert "Nobody was deleted. ada: Stripe can't be reached" in text
        assert f"Done already: Cancelled {second.id} now." in text
        assert User.objects.filter(username="ada").exists()
        assert logged() == [f"Cancelled {second.id} now."]

    def test_finds_a_subscription_that_is_not_here_yet(
        self, office: Client, person: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        method = local_stripe.api.customers.payment_methods.list(customer.pk).data[0].id
        local_stripe.api.subscriptions.create(
            {"customer": customer.pk, "items": [{"price": price.pk}], "default_payment_method": method}
        )
        path = f"/admin/auth/user/{person.pk}/delete/"
        page = office.post(path, {"post": "yes", "fate": "nothing"})
        assert "is still running. Choose what becomes of it." in reading.words(page.content.decode())
        assert User.objects.filter(username="ada").exists()
        office.post(path, {"post": "yes", "fate": "cancel_now"})
        assert not User.objects.filter(username="ada").exists()
        assert status_at_stripe(local_stripe) == [("canceled", False)]

    def test_closes_an_open_checkout(
        self, office: Client, person: User, price: Price, local_stripe: LocalStripe
    ) -> None:
        buy(person, price)
        office.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes", "fate": "nothing"})
        assert not User.objects.filter(username="ada").exists()
        assert sessions_by_status(local_stripe) == ["expired"]

    def test_who_never_was_at_stripe_is_deleted_as_ever(
        self, office: Client, person: User, local_stripe: LocalStripe
    ) -> None:
        office.post(f"/admin/auth/user/{person.pk}/delete/", {"post": "yes"})
        assert not User.objects.filter(username="ada").exists()
        assert local_stripe.calls == []

    def test_staff_who_may_not_cancel_delete_nobody_who_pays(
        self, client: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        clerk = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
        client.force_login(clerk)
        path = f"/admin/auth/user/{person.pk}/delete/"
        assert "neither cancel subscriptions nor erase customers" in client.get(path).content.decode()
        for fate in ("cancel_now", "erase", ""):
            assert client.post(path, {"post": "yes", "fate": fate}).status_code == 200
        assert User.objects.filter(username="ada").exists()
        assert (local_stripe.calls, status_at_stripe(local_stripe)) == ([], [("active", False)])

    def test_staff_who_may_delete_nobody_reach_nothing(
        self, client: Client, person: User, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        clerk = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        client.force_login(clerk)
        path = f"/admin/auth/user/{person.pk}/delete/"
        assert client.post(path, {"post": "yes", "fate": "cancel_now"}).status_code == 403
        assert (local_stripe.calls, status_at_stripe(local_stripe)) == ([], [("active", False)])


class TestChargesInWords:
    """The line about each subscription, on the pages that delete a user or link a customer."""

    @pytest.mark.parametrize(
        ("terms", "columns", "said"),
        [
            (
                {"pricing": "packages", "exact_amount": "1000", "package_size": 100},
                {},
                "$10.00 per 100 per month for 3",
            ),
            ({"pricing": "metered"}, {}, "varies with use (USD) per month"),
            ({}, {"currency": "eur"}, "billed in EUR per month \N{MULTIPLICATION SIGN} 3"),
            ({}, {}, "$57.00 per month, 3 \N{MULTIPLICATION SIGN} $19.00"),
            ({"interval_count": 3}, {}, "$57.00 every 3 months, 3 \N{MULTIPLICATION SIGN} $19.00"),
        ],
        ids=["packages", "by use", "another currency", "seats", "quarters"],
    )
    def test_multiply_only_fixed_amounts_in_the_billed_currency(
        self, price: Price, terms: dict[str, Any], columns: dict[str, Any], said: str
    ) -> None:
        Price.objects.filter(pk=price.pk).update(**terms)
        held = Subscription(status="active", product=price.product, **{"currency": "usd", **columns})
        held.items = [rows.item_of(price, quantity=1 if "pricing" in terms and "exact_amount" not in terms else 3)]
        assert leaving.charge_in_words(held) == f"Pro: {said}, next charge unknown"

    @pytest.mark.parametrize(
        ("columns", "said"),
        [
            ({}, "$42.75 per month, 3 \N{MULTIPLICATION SIGN} $19.00, 25% off"),
            (
                {"ends_at": rows.JUNE},
                "$42.75 per month, 3 \N{MULTIPLICATION SIGN} $19.00, 25% off until 3 June 2099; $57.00 after",
            ),
            ({"is_taxed": True}, "$42.75 per month plus tax, 3 \N{MULTIPLICATION SIGN} $19.00, 25% off"),
        ],
        ids=["for ever", "for a time", "taxed"],
    )
    def test_name_what_is_charged_after_discounts(
        self, price: Price, customer: Customer, columns: dict[str, Any], said: str
    ) -> None:
        Coupon.objects.create(pk="FRIENDS", terms={"percent_off": 25.0, "duration": "forever"})
        ends_at = columns.get("ends_at")
        discount = {"id": "di_1", "coupon": "FRIENDS", "end": ends_at.isoformat() if ends_at else None}
        taxed = {"is_taxed": columns.get("is_taxed", False)}
        rows.subscribe(customer, price, quantity=3, discounts=[discount], discount_ids=["di_1"], **taxed)
        assert leaving.charge_in_words(Subscription.objects.get()) == f"Pro: {said}, next charge on May 3, 2099"

    def test_name_the_customers_own_discount(self, price: Price, customer: Customer) -> None:
        Coupon.objects.create(pk="HALF", terms={"percent_off": 50.0, "duration": "forever"})
        Customer.objects.update(discount={"id": "di_2", "coupon": "HALF", "end": None})
        rows.subscribe(customer, price)
        said = "Pro: $9.50 per month, 50% off, next charge on May 3, 2099"
        assert leaving.charge_in_words(Subscription.objects.get()) == said

    @pytest.mark.parametrize(
        ("again_at", "said"),
        [(rows.MAY, "payment overdue, Stripe tries again on May 3, 2099"), (None, "payment overdue")],
    )
    def test_announce_another_attempt_only_if_there_is_one(
        self, price: Price, again_at: datetime | None, said: str
    ) -> None:
        held = Subscription(status="past_due", product=price.product, items=[rows.item_of(price)], currency="usd")
        held.latest_invoice = Invoice(pk="in_1", next_payment_attempt_at=again_at)
        assert leaving.charge_in_words(held) == f"Pro: $19.00 per month, {said}"

    @pytest.mark.parametrize(("resumes_at", "until"), [(None, "that changes"), (rows.JUNE, "June 3, 2099")])
    def test_announce_no_charge_while_payments_are_paused(
        self, price: Price, resumes_at: datetime | None, until: str
    ) -> None:
        held = Subscription(status="active", product=price.product, items=[rows.item_of(price)], currency="usd")
        held.current_period_end_at, held.pause_behavior, held.pause_resumes_at = rows.MAY, "void", resumes_at
        said = f"Pro: $19.00 per month, payments paused, nothing is charged until {until}"
        assert leaving.charge_in_words(held) == said

    @pytest.mark.parametrize(
        ("schedule", "columns", "said"),
        [
            ({}, {}, "; changes to Team, $60.00 per month on May 3, 2099"),
            (
                {"following": [{"at": 1, "is_discounted": True}]},
                {},
                "; changes to Team, $60.00 per month on May 3, 2099; these are prices before any discount",
            ),
            (
                {"following": [{"at": 1}, {"at": int(rows.JUNE.timestamp()), "price": "price_team", "quantity": 2}]},
                {},
                (
                    "; changes to Team, $60.00 per month on May 3, 2099"
                    "; changes to Team, $120.00 per month, 2 \N{MULTIPLICATION SIGN} $60.00 on June 3, 2099"
                ),
            ),
            ({"next_price": None}, {}, "; changes to another plan on May 3, 2099"),
            ({"status": "released"}, {}, ""),
            (
                {"next_at": None, "end_behavior": "cancel", "ends_at": rows.JUNE},
                {"cancel_at": rows.JUNE},
                "; ends on June 3, 2099",
            ),
            ({"next_at": None, "pauses_at": rows.JUNE}, {}, "; pauses on June 3, 2099"),
        ],
        ids=["a change", "discounted", "two changes", "unknown plan", "released", "an end", "a pause"],
    )
    def test_name_what_a_schedule_changes(
        self, price: Price, customer: Customer, schedule: dict[str, Any], columns: dict[str, Any], said: str
    ) -> None:
        team = Product.objects.create(pk="prod_team", name="Team")
        dearer = Price.objects.create(pk="price_team", product=team, currency="usd", unit_amount=6000)
        waiting = {"status": "active", "next_price": dearer, "next_quantity": 1, "next_at": rows.MAY, **schedule}
        SubscriptionSchedule.objects.create(pk="sub_sched_1", **waiting)
        rows.subscribe(customer, price, schedule_id="sub_sched_1", **columns)
        (held,) = ownership.running_of(User.objects.get(username="ada"))
        assert leaving.charge_in_words(held) == f"Pro: $19.00 per month, next charge on May 3, 2099{said}"

    def test_name_a_change_before_the_discount_of_the_customer(self, price: Price, customer: Customer) -> None:
        Customer.objects.update(discount={"id": "di_1", "coupon": "half", "end": None})
        SubscriptionSchedule.objects.create(
            pk="sub_sched_1", status="active", next_price=price, next_quantity=2, next_at=rows.MAY
        )
        rows.subscribe(customer, price, schedule_id="sub_sched_1")
        (held,) = ownership.running_of(User.objects.get(username="ada"))
        assert leaving.charge_in_words(held) == (
            "Pro: $19.00 per month, before your discount, next charge on May 3, 2099"
            "; changes to Pro, $38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00 on May 3, 2099"
            "; these are prices before any discount"
        )

    def test_promise_no_free_end_to_what_is_billed_by_use(self, price: Price) -> None:
        ends = {"cancel_at_period_end": True, "current_period_end_at": rows.MAY, "currency": "usd"}
        held = Subscription(status="active", product=price.product, items=[rows.item_of(price)], **ends)
        said = "Pro: $19.00 per month, ends on May 3, 2099, no further period is charged"
        assert leaving.charge_in_words(held) == said


class TestTheUsersPage:
    def test_links_customer_and_subscriptions(self, office: Client, person: User, subscription: Subscription) -> None:
        page = office.get(f"/admin/auth/user/{person.pk}/change/").content.decode()
        assert f"{subscription.customer_id} (ada@example.com)" in reading.words(page)
        assert "Pro: Active" in reading.words(page)
        assert f"/admin/subscriptions/subscription/{subscription.pk.replace('_', '_5F')}/change/" in page
        assert "still pays" not in page

    def test_says_that_a_deactivated_user_pays(self, office: Client, person: User, subscription: Subscription) -> None:
        User.objects.filter(pk=person.pk).update(is_active=False)
        page = office.get(f"/admin/auth/user/{person.pk}/change/").content.decode()
        assert "This user is deactivated and still pays." in page

    def test_is_saved_as_ever(self, office: Client, person: User) -> None:
        assert office.get("/admin/auth/user/add/").status_code == 200
        page = office.get(f"/admin/auth/user/{person.pk}/change/")
        assert "No customer yet" in page.content.decode()


class TestTheListOfSubscriptions:
    @pytest.mark.parametrize(("whose", "found"), [("nobody", []), ("deactivated", []), ("", ["ada"])])
    def test_of_an_active_user(self, office: Client, subscription: Subscription, whose: str, found: list[str]) -> None:
        page = office.get("/admin/subscriptions/subscription/", {"whose": whose} if whose else {})
        assert page.context["cl"].result_count == len(found)

    def test_shows_who_is_charged_without_a_person(
        self, office: Client, person: User, subscription: Subscription
    ) -> None:
        User.objects.filter(pk=person.pk).update(is_active=False)
        page = office.get("/admin/subscriptions/subscription/", {"whose": "deactivated"})
        assert page.context["cl"].result_count == 1
        person.delete()
        sync_now()
        page = office.get("/admin/subscriptions/subscription/", {"whose": "nobody"})
        assert page.context["cl"].result_count == 1
        Subscription.objects.update(cancel_at_period_end=True)
        page = office.get("/admin/subscriptions/subscription/", {"whose": "nobody"})
        assert page.context["cl"].result_count == 0
