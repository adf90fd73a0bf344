"""What staff read of Stripe's words and times: words and times that people read."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.utils import quote
from django.test import Client

from billing.models import Price
from subscriptions.models import CheckoutSession, Customer, Refund, StatusChange, SubscriptionSchedule, SyncRun
from subscriptions.user_model import User
from tests.subscriptions.reading import words
from tests.subscriptions.rows import MAY, bill, item_of, subscribe

pytestmark = pytest.mark.django_db

READ = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)


def page(client: Client, model: str, pk: str = "") -> str:
    path = f"/admin/subscriptions/{model}/" + (f"{quote(pk)}/change/" if pk else "")
    return words(client.get(path).content.decode())


class TestTimes:
    def test_of_the_copy_are_read_as_others(self, admin_client: Client, customer: Customer) -> None:
        bill(customer, known_from=READ, known_until=READ)
        shown = page(admin_client, "invoice", "in_1")
        assert "Read after: March 4, 2026, 3:06 p.m. Copied at: March 4, 2026, 3:06 p.m. Updates: 0" in shown
        assert "2026-03-04" not in shown

    def test_of_a_later_start_are_read_as_others(self, admin_client: Client) -> None:
        SubscriptionSchedule.objects.create(pk="sub_sched_1", status="not_started", next_at=MAY)
        shown = page(admin_client, "subscriptionschedule", "sub_sched_1")
        assert "First charge: May 3, 2099, noon" in shown
        assert "2099-05-03" not in shown


class TestWords:
    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            ("subscription_cycle", "New period"),
            ("subscription_update", "Change of the subscription"),
            ("a_reason_of_next_year", "A reason of next year"),
        ],
    )
    def test_say_why_an_invoice_was_made(self, admin_client: Client, customer: Customer, raw: str, said: str) -> None:
        bill(customer, billing_reason=raw)
        bill(customer, "in_2", billing_reason="manual")
        for shown in (page(admin_client, "invoice"), page(admin_client, "invoice", "in_1")):
            assert said in shown
            assert raw not in shown

    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            ("requested_by_customer", "Requested by the customer"),
            ("expired_uncaptured_charge", "Reserved and never charged"),
            ("", "None"),
        ],
    )
    def test_say_why_money_was_given_back(self, admin_client: Client, raw: str, said: str) -> None:
        for pk, reason in (("re_1", raw), ("re_2", "duplicate")):
            Refund.objects.create(pk=pk, amount=500, currency="usd", status="requires_action", reason=reason)
        shown = page(admin_client, "refund")
        assert said in shown
        assert "Waiting for your details" in shown
        for text in (shown, page(admin_client, "refund", "re_1")):
            assert not raw or raw not in text
            assert "requires_action" not in text

    def test_stand_on_a_subscriptions_page_too(self, admin_client: Client, customer: Customer, price: Price) -> None:
        held = subscribe(customer, price, "past_due", collection_method="send_invoice")
        bill(customer, billing_reason="subscription_cycle", subscription=held)
        shown = page(admin_client, "subscription", "sub_1")
        for said in ("Payment overdue", "Sent to be paid", "New period"):
            assert said in shown
        for raw in ("past_due ", "send_invoice", "subscription_cycle"):
            assert raw not in shown

    @pytest.mark.parametrize(
        ("status", "said"),
        [("canceled", "What its owner reads: Not charged any more"), ("active", "What its owner reads: To be paid")],
    )
    def test_of_an_open_invoice_are_its_owners(
        self, admin_client: Client, customer: Customer, price: Price, status: str, said: str
    ) -> None:
        bill(customer, billing_reason="subscription_cycle", subscription=subscribe(customer, price, status))
        assert said in page(admin_client, "invoice", "in_1")

    def test_filter_by_what_stripe_says(self, admin_client: Client, customer: Customer) -> None:
        bill(customer, billing_reason="subscription_cycle")
        bill(customer, "in_2", billing_reason="manual")
        listed = admin_client.get("/admin/subscriptions/invoice/?billing_reason=manual").content.decode()
        assert "NUMBER-in_2" in listed
        assert "NUMBER-in_1" not in listed


class TestOfASubscription:
    @pytest.mark.parametrize(
        ("raw", "said"),
        [
            (("trial_without_card", "create_invoice"), "Trial without card: It goes on, with an invoice to pay"),
            (("pause_behavior", "void"), "Invoices during a pause: Cancelled, because the service can't be provided"),
            (("paused_because", "pause_requested"), "Paused because: A pause was asked for"),
        ],
    )
    def test_no_word_is_stripes(
        self, admin_client: Client, customer: Customer, price: Price, raw: tuple[str, str], said: str
    ) -> None:
        subscribe(customer, price, **dict([raw]))
        shown = page(admin_client, "subscription", "sub_1")
        assert said in shown
        assert raw[1] not in shown

    def test_pauses_are_filtered_by_words(self, admin_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, pause_behavior="mark_uncollectible")
        subscribe(customer, price, pk="sub_2")
        shown = page(admin_client, "subscription")
        assert "By invoices during a pause All None Written off" in shown
        assert "mark_uncollectible" not in shown

    def test_items_are_plans_with_what_they_cost(self, admin_client: Client, customer: Customer, price: Price) -> None:
        items = [item_of(price, quantity=3, current_period_end=int(MAY.timestamp())), {"id": "si_2", "price": "gone"}]
        subscribe(customer, price, items=items, quantity=3)
        shown = page(admin_client, "subscription", "sub_1")
        assert (
            "Items: Pro: $57.00 per month, 3 \N{MULTIPLICATION SIGN} $19.00, period ends on May 3, 2099another plan"
            in shown
        )
        assert '{"' not in shown

    def test_a_period_that_is_over_has_ended(self, admin_client: Client, customer: Customer, price: Price) -> None:
        ended = int(datetime(2020, 5, 3, tzinfo=UTC).timestamp())
        subscribe(customer, price, "canceled", items=[item_of(price, current_period_end=ended)])
        assert "Pro: $19.00 per month, period ended on May 3, 2020" in page(admin_client, "subscription", "sub_1")

    def test_amounts_are_of_the_currency_that_is_billed(
        self, admin_client: Client, customer: Customer, price: Price
    ) -> None:
        Price.objects.filter(pk=price.pk).update(currency_amounts={"eur": 1700})
        running = subscribe(customer, price, currency="eur")
        StatusChange.objects.create(subscription=running, to_status="active", to_price=price, changed_at=MAY)
        shown = page(admin_client, "subscription", "sub_1")
        assert "Items: Pro: €17.00 per month" in shown
        assert "Started on Pro, €17.00 per month" in shown
        assert "$19.00" not in shown

    def test_discounts_are_named_by_their_coupon(self, admin_client: Client, customer: Customer, price: Price) -> None:
        known = [{"id": "di_1", "coupon": "SPRING", "end": MAY.isoformat(), "item": "si_1"}]
        subscribe(customer, price, discount_ids=["di_1", "di_2"], discounts=known)
        shown = page(admin_client, "subscription", "sub_1")
        assert "Discounts: SPRING until May 3, 2099, on one itemdi_2" in shown

    def test_a_customers_discount_is_named_alike(self, admin_client: Client, customer: Customer) -> None:
        Customer.objects.update(discount={"id": "di_1", "coupon": "SPRING", "end": MAY.isoformat()})
        assert "Discount: SPRING until May 3, 2099" in page(admin_client, "customer", customer.pk)

    def test_metadata_is_no_json(self, admin_client: Client, customer: Customer, price: Price) -> None:
        subscribe(customer, price, metadata={"team": "North", "seats": "3"})
        shown = page(admin_client, "subscription", "sub_1")
        assert "Metadata: seats: 3team: North" in shown


class TestHistory:
    @pytest.mark.parametrize(
        ("cause", "said"),
        [
            (("event", "evt_1"), "Stripe, evt_1"),
            (("sync", "6f1d3c52"), "Stripe, found by the sync"),
            (("person", "999999"), "A person who is deleted here"),
            (("person", "64b7f0c2a1b2c3d4e5f60718"), "A person who is deleted here"),
            (("", ""), "Unknown"),
        ],
    )
    def test_says_what_changed_and_by_what(
        self, admin_client: Client, customer: Customer, price: Price, cause: tuple[str, str], said: str
    ) -> None:
        running = subscribe(customer, price, "past_due")
        StatusChange.objects.create(
            subscription=running,
            from_status="active",
            to_status="past_due",
            from_price=price,
            to_price=price,
            changed_at=MAY,
            cause_kind=cause[0],
            cause_id=cause[1],
        )
        shown = page(admin_client, "subscription", "sub_1")
        assert f"sub_1: Payment overdue May 3, 2099, noon Payment overdue {said}" in shown
        assert "past_due" not in shown

    def test_names_the_person(self, admin_client: Client, admin_user: User, customer: Customer, price: Price) -> None:
        running = subscribe(customer, price)
        StatusChange.objects.create(
            subscription=running,
            from_status="past_due",
            to_status="active",
            changed_at=MAY,
            cause_kind="person",
            cause_id=str(admin_user.pk),
        )
        assert f"Paid: no longer overdue {admin_user}" in page(admin_client, "subscription", "sub_1")


class TestOfASchedule:
    def test_no_word_is_stripes(self, admin_client: Client, customer: Customer, price: Price) -> None:
        SubscriptionSchedule.objects.create(
            pk="sub_sched_1",
            customer=customer,
            status="not_started",
            end_behavior="release",
            next_at=MAY,
            next_price=price,
            next_quantity=2,
            following=[{"at": int(MAY.timestamp()), "price": price.pk, "quantity": 2}],
        )
        for shown in (
            page(admin_client, "subscriptionschedule"),
            page(admin_client, "subscriptionschedule", "sub_sched_1"),
        ):
            assert "Not started yet" in shown
            assert "The subscription goes on" in shown
            assert "not_started" not in shown
            assert "release" not in shown
        assert "Changes to come: Pro: $38.00 per month, 2 \N{MULTIPLICATION SIGN} $19.00, from May 3, 2099" in shown

    def test_the_next_plan_costs_what_its_subscription_pays(
        self, admin_client: Client, customer: Customer, price: Price
    ) -> None:
        Price.objects.filter(pk=price.pk).update(currency_amounts={"eur": 1700})
        running = subscribe(customer, price, currency="eur")
        SubscriptionSchedule.objects.create(
            pk="sub_sched_1", subscription=running, customer=customer, status="active", next_at=MAY, next_price=price
        )
        shown = page(admin_client, "subscriptionschedule")
        assert "Pro, €17.00 per month" in shown
        assert "$19.00" not in shown

    def test_an_absent_time_is_a_dash(self, admin_client: Client) -> None:
        SubscriptionSchedule.objects.create(pk="sub_sched_1", status="active")
        assert "First charge: -" in page(admin_client, "subscriptionschedule", "sub_sched_1")


class TestOfACheckout:
    def test_no_word_is_stripes(self, admin_client: Client, customer: Customer) -> None:
        session = CheckoutSession.objects.create(
            stripe_id="cs_1",
            customer=customer,
            status="complete",
            mode="subscription",
            payment_status="no_payment_required",
        )
        for shown in (page(admin_client, "checkoutsession"), page(admin_client, "checkoutsession", str(session.pk))):
            assert "Nothing to pay yet" in shown
            assert "no_payment_required" not in shown


class TestOfASyncRun:
    def test_lists_are_no_json(self, admin_client: Client) -> None:
        failures = [{"object": "price", "id": "price_1", "reason": "It has no currency."}]
        run = SyncRun.objects.create(started_at=READ, failures=failures, drifted=["sub_1", "sub_2"])
        shown = page(admin_client, "syncrun", str(run.pk))
        assert "Failures: id: price_1, object: price, reason: It has no currency." in shown
        assert "Ids with drift: sub_1sub_2" in shown
        assert "[" not in shown
