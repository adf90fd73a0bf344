"""Changing plan and quantity over the pages, against the sandbox's invoices."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import signing
from django.core.signing import b62_encode
from django.test import Client
from django.utils import timezone

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.customers import services as customers
from subscriptions.models import Customer, StatusChange, Subscription
from subscriptions.plans import cancel
from subscriptions.plans import change as changes
from subscriptions.plans import preview as previews
from tests.fixtures import LocalStripe
from tests.subscriptions.conftest import DAY, Meanwhile, path_to, settle, sync_now
from tests.subscriptions.rows import subscribe
from tests.wording import starting

pytestmark = pytest.mark.django_db


class SignedEarlier(signing.TimestampSigner):
    """Signs as eleven minutes ago."""

    def timestamp(self) -> str:
        return b62_encode(int(time.time()) - 11 * 60)


def shown(client: Client, path: str, **query: Any) -> Any:
    """The preview that the page shows."""
    response = client.get(path, query)
    assert response.status_code == 200, response.content
    return response.context["preview"]


def confirm(client: Client, path: str, **typed: Any) -> Any:
    """Read the preview as a person does, and click."""
    page = client.get(path, {key: value for key, value in typed.items() if key == "quantity"})
    token = re.search(r'name="preview" value="([^"]+)"', page.content.decode())
    assert token is not None
    return client.post(path, {"preview": token[1], "when": "now", **typed})


class TestUpgrade:
    def test_bills_what_was_shown_to_the_cent(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        path = path_to(subscription, team)
        preview = shown(customer_client, path)
        assert (preview.is_billed_now, preview.due_at) == (False, subscription.current_period_end_at)
        assert sorted(line.is_proration for line in preview.lines) == [False, True, True]

        response = customer_client.post(path, {"preview": preview.token, "when": "now"})
        assert (response.status_code, response["Location"]) == (302, "/account/")
        after = Subscription.objects.get()
        assert (after.pk, after.price_id, after.status) == (subscription.pk, team.pk, "active")
        assert after.current_period_end_at == subscription.current_period_end_at
        # Nothing is charged today: the one invoice is still the first month's.
        assert [invoice.total for invoice in local_stripe.api.invoices.list().data] == [1900]

        local_stripe.control("clock", to=int(preview.due_at.timestamp()) + 2 * 3600)
        newest = local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]
        assert (newest.billing_reason, newest.total) == ("subscription_cycle", preview.total)
        assert sorted(line.amount for line in newest.lines.data) == sorted(line.amount for line in preview.lines)

    def test_names_the_discount_that_the_next_invoice_has(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.coupons.create({"id": "FIFTH", "percent_off": 20, "duration": "forever"})
        local_stripe.api.subscriptions.update(subscription.pk, {"discounts": [{"coupon": "FIFTH"}]})
        preview = shown(customer_client, path_to(subscription, team))
        assert preview.discount > 0
        assert sum(line.amount for line in preview.lines) - preview.discount == preview.total
        assert preview.discount_display == starting("-$")

    def test_is_one_call_to_show_and_one_to_do(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        local_stripe.forget_calls()
        confirm(customer_client, path_to(subscription, team))
        assert local_stripe.calls == ["POST /v1/invoices/create_preview", f"POST /v1/subscriptions/{subscription.pk}"]

    def test_of_a_trial_without_a_card_says_that_nothing_comes(
        self, customer_client: Client, person: User, team: Price, local_stripe: LocalStripe
    ) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd", trial_days=7, trial_needs_card=False)
        free = catalog.create_product(name="Try", price=terms, request_id="try").price
        started = checkout.start(user=person, price_id=free.pk, now=timezone.now()).session
        assert started is not None
        local_stripe.control(f"checkout/{started.stripe_id}/pay", card=None)
        settle()
        trial = Subscription.objects.get()
        assert trial.status == "trialing"
        page = customer_client.get(path_to(trial, team))
        assert (page.status_code, page.context["preview"].lines) == (200, [])
        assert "As things stand, no invoice comes after it" in page.content.decode()
        assert confirm(customer_client, path_to(trial, team)).status_code == 302
        after = Subscription.objects.get()
        assert (after.price_id, after.status) == (team.pk, "trialing")

    def test_is_kept_in_the_timeline(
        self, customer_client: Client, subscription: Subscription, team: Price, person: User
    ) -> None:
        confirm(customer_client, path_to(subscription, team))
        change = StatusChange.objects.first()
        assert change is not None
        assert (change.from_price_id, change.to_price_id) == (subscription.price_id, team.pk)
        assert (change.cause_kind, change.cause_id) == ("person", str(person.pk))

    def test_of_the_quantity(
        self, customer_client: Client, subscription: Subscription, price: Price, local_stripe: LocalStripe
    ) -> None:
        Product.objects.update(has_quantity=True)
        response = confirm(customer_client, path_to(subscription, price), quantity="3")
        assert response.status_code == 302
        theirs = local_stripe.api.subscriptions.retrieve(subscription.pk)
        assert (theirs["items"].data[0].quantity, Subscription.objects.get().quantity) == (3, 3)

    def test_to_another_interval_is_charged_at_once_and_says_so(
        self, customer_client: Client, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        preview = shown(customer_client, path_to(subscription, yearly))
        assert preview.is_billed_now
        response = customer_client.post(path_to(subscription, yearly), {"preview": preview.token, "when": "now"})
        assert response.status_code == 302
        newest = local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]
        assert (newest.status, newest.amount_paid, newest.total) == ("paid", preview.amount_due, preview.total)
        assert Subscription.objects.get().price_id == yearly.pk

    def test_a_declined_card_changes_nothing(
        self, customer_client: Client, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        customer = str(subscription.customer_id)
        bad = local_stripe.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
        local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": bad.id})
        sync_now()
        before = local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data[0].price.id
        response = confirm(customer_client, path_to(subscription, yearly))
        assert response.status_code == 400
        assert b"Nothing was changed" in response.content
        assert local_stripe.api.subscriptions.retrieve(subscription.pk)["items"].data[0].price.id == before
        assert Subscription.objects.get().price_id == before

    def test_without_a_card_says_how_to_add_one(
        self, customer_client: Client, customer: Customer, team: Price, local_stripe: LocalStripe
    ) -> None:
        terms = PriceTerms(unit_amount=0, currency="usd")
        free = catalog.create_product(name="Free", price=terms, request_id="free").price
        made = local_stripe.api.subscriptions.create({"customer": customer.pk, "items": [{"price": free.pk}]})
        sync_now()
        response = confirm(customer_client, path_to(Subscription.objects.get(), team))
        assert response.status_code == 400
        page = response.content.decode()
        assert (
            "Nothing was changed: there is no card on file. "
            "Please add one with “Manage payment” on your account page, and try again."
        ) in page
        assert "payment source" not in page
        assert local_stripe.api.subscriptions.retrieve(made.id)["items"].data[0].price.id == free.pk
        assert Subscription.objects.get().price_id == free.pk

    def test_a_declined_card_says_that_the_waiting_change_is_gone(
        self,
        customer_client: Client,
        subscription: Subscription,
        basic: Price,
        yearly: Price,
        local_stripe: LocalStripe,
    ) -> None:
        confirm(customer_client, path_to(subscription, basic), when="period_end")
        customer = str(subscription.customer_id)
        bad = local_stripe.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": customer})
        local_stripe.api.subscriptions.update(subscription.pk, {"default_payment_method": bad.id})
        sync_now()
        response = confirm(customer_client, path_to(subscription, yearly))
        assert response.status_code == 400
        assert b"the scheduled change is undone" in response.content
        after = Subscription.objects.get()
        assert (after.price_id, after.schedule_id) == (subscription.price_id, None)

    def test_a_lost_answer_is_charged_once(
        self, customer_client: Client, subscription: Subscription, yearly: Price, local_stripe: LocalStripe
    ) -> None:
        preview = shown(customer_client, path_to(subscription, yearly))
        path = f"/v1/subscriptions/{subscription.pk}"
        local_stripe.control("faults", status="reset", count=3, after=True, path=path, method="POST")
        form = {"preview": preview.token, "when": "now"}
        assert customer_client.post(path_to(subscription, yearly), form).status_code == 503
        assert len(local_stripe.api.invoices.list().data) == 2
        local_stripe.control("clock", advance=60)
        assert customer_client.post(path_to(subscription, yearly), form).status_code == 302
        assert len(local_stripe.api.invoices.list().data) == 2
        assert Subscription.objects.get().price_id == yearly.pk


class TestStalePreview:
    def test_clicked_twice_changes_once(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        preview = shown(customer_client, path_to(subscription, team))
        form = {"preview": preview.token, "when": "now"}
        customer_client.post(path_to(subscription, team), form)
        local_stripe.forget_calls()
        response = customer_client.post(path_to(subscription, team), form)
        assert response.status_code == 400
        assert b"current plan already" in response.content
        assert local_stripe.calls == []

    def test_of_a_subscription_that_changed_is_shown_again(
        self, customer_client: Client, subscription: Subscription, team: Price, local_stripe: LocalStripe
    ) -> None:
        preview = shown(customer_client, path_to(subscription, team))
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        sync_now()
        response = customer_client.post(path_to(subscription, team), {"preview": preview.token, "when": "now"})
        assert (response.status_code, response.context["preview"].price) == (200, team)
        assert Subscription.objects.get().price_id == subscription.price_id

    @pytest.mark.parametrize("token", ["", "x", "e30:1:2"])
    def test_forged_or_missing(
        self, customer_client: Client, subscription: Subscription, team: Price, token: str
    ) -> None:
        response = customer_client.post(path_to(subscription, team), {"preview": token, "when": "now"})
        assert response.status_code == 200
        assert Subscription.objects.get().price_id == subscription.price_id

    def test_of_another_price(
        self, customer_client: Client, subscription: Subscription, team: Price, basic: Price
    ) -> None:
        preview = shown(customer_client, path_to(subscription, team))
        response = customer_client.post(path_to(subscription, basic), {"preview": preview.token, "when": "now"})
        assert response.context["preview"].price == basic
        assert Subscription.objects.get().price_id == subscription.price_id

    def test_after_ten_minutes(self, customer_client: Client, subscription: Subscription, team: Price) -> None:
        preview = shown(customer_client, path_to(subscription, team))
        old = SignedEarlier(salt=previews.SALT).sign_object(signing.loads(preview.token, salt=previews.SALT))
        response = customer_client.post(path_to(subscription, team), {"preview": old, "when": "now"})
        assert response.status_code == 200
        assert Subscription.objects.get().price_id == subscription.price_id


class TestDowngradeLater:
    def schedule(self, client: Client, subscription: Subscription, price: Price) -> Subscription:
        assert confirm(client, path_to(subscription, price), when="period_end").status_code == 302
        return Subscription.objects.select_related("schedule__next_price").get()

    def test_waits_and_is_shown(
        self, customer_client: Client, subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        after = self.schedule(customer_client, subscription, basic)
        assert after.price_id == subscription.price_id
        pending = after.pending_change
        assert pending is not None
        assert (pending.next_price_id, pending.next_quantity, pending.next_at) == (
            basic.pk,
            1,
            subscription.current_period_end_at,
        )

    def test_of_one_that_ends_meanwhile_says_so(
        self, customer_client: Client, subscription: Subscription, basic: Price, local_stripe: LocalStripe,
        meanwhile: Meanwhile
    ) -> None:  # fmt: skip
        cancel.cancel(subscription=subscription)
        meanwhile.before(
            f"POST /v1/subscriptions/{subscription.pk}", lambda: local_stripe.api.subscriptions.cancel(subscription.pk)
        )
        response = confirm(customer_client, path_to(subscription, basic), when="period_end")
        assert response.status_code == 400
        assert "This subscription has ended" in response.content.decode()
        assert Subscription.objects.get().status == "canceled"

    def test_takes_effect_at_the_periods_end(
        self, customer_client: Client, subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        self.schedule(customer_client, subscription, basic)
        assert subscription.current_period_end_at is not None
        local_stripe.control("clock", to=int(subscription.current_period_end_at.timestamp()) + 3600)
        sync_now()
        after = Subscription.objects.select_related("schedule").get()
        assert (after.pk, after.price_id, after.status) == (subscription.pk, basic.pk, "active")
        newest = local_stripe.api.invoices.list({"subscription": subscription.pk}).data[0]
        assert newest.total == 500

    def test_can_be_called_off(
        self, customer_client: Client, subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        self.schedule(customer_client, subscription, basic)
        response = customer_client.post(f"/subscriptions/{subscription.pk}/undo-change/")
        assert response.status_code == 302
        assert Subscription.objects.get().pending_change is None
        assert local_stripe.api.subscriptions.retrieve(subscription.pk).schedule is None

    def test_a_stop_between_the_two_calls_is_taken_up(
        self, customer_client: Client, subscription: Subscription, basic: Price, local_stripe: LocalStripe
    ) -> None:
        preview = shown(customer_client, path_to(subscription, basic))
        local_stripe.control("faults", status=500, count=6, path="/v1/subscription_schedules/")
        form = {"preview": preview.token, "when": "period_end"}
        assert customer_client.post(path_to(subscription, basic), form).status_code == 503
        local_stripe.control("faults")
        self.schedule(customer_client, subscription, basic)
        assert len(local_stripe.api.subscription_schedules.list().data) == 1

    def test_is_given_up_by_a_change_now(
        self, customer_client: Client, subscription: Subscription, basic: Price, team: Price, local_stripe: LocalStripe
    ) -> None:
        self.schedule(customer_client, subscription, basic)
        assert confirm(customer_client, path_to(subscription, team)).status_code == 302
        after = Subscription.objects.select_related("schedule").get()
        assert (after.price_id, after.pending_change) == (team.pk, None)


class TestChoose:
    def test_lists_the_other_prices_of_its_currency(
        self, customer_client: Client, subscription: Subscription, team: Price, yearly: Price, basic: Price
    ) -> None:
        catalog.create_product(name="Euro", price=PriceTerms(unit_amount=900, currency="eur"), request_id="eur")
        response = customer_client.get(f"/subscriptions/{subscription.pk}/change/")
        assert {price.pk for price in response.context["prices"]} == {team.pk, yearly.pk, basic.pk}

    def test_leaves_out_what_they_have_already(self, subscription: Subscription, team: Price, yearly: Price) -> None:
        subscribe(Customer.objects.get(), team, pk="sub_team")
        assert changes.choices(subscription=subscription) == [yearly]


class TestFigures:
    def test_of_a_month_ten_days_old(
        self, customer_client: Client, person: User, team: Price, price: Price, local_stripe: LocalStripe
    ) -> None:
        """From 19.00 to 49.00 at 20/31 of a month left, worked out by hand.

        1 May to 1 June is 31 days = 2,678,400 s; changed on 12 May 00:00, 11 days in: 20 days = 1,728,000 s left.
        Credit: 19.00 x 20/31 = 12.2580… -> 12.26. Charge: 49.00 x 20/31 = 31.6129… -> 31.61. Next month: 49.00.
        Next invoice: 49.00 + 31.61 - 12.26 = 68.35.
        """
        start = datetime(2027, 5, 1, tzinfo=UTC)
        local_stripe.control("clock", to=int(start.timestamp()))
        customer = customers.ensure(person)
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        local_stripe.api.subscriptions.create(
            {"customer": customer.pk, "items": [{"price": price.pk}], "default_payment_method": method.id}
        )
        sync_now(full=True)
        subscription = Subscription.objects.get()
        assert subscription.current_period_start_at is not None
        changed_at = int(subscription.current_period_start_at.timestamp()) + 11 * DAY
        local_stripe.control("clock", to=changed_at)
        preview = shown(customer_client, path_to(subscription, team))
        assert abs(preview.proration_date - changed_at) <= 5
        assert sorted(line.amount for line in preview.lines) == [-1226, 3161, 4900]
        assert preview.total == 6835
