"""Prices that are no plain amount: not sold here, and shown as what they are where somebody has one."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from billing import gateway
from billing.catalog.importer import import_catalog
from billing.models import Price, Product
from subscriptions.checkout import services as checkout
from subscriptions.models import Customer, Payment, Subscription
from subscriptions.monitoring.doctor.catalog import check_catalog
from subscriptions.plans import amounts, leaving
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, path_to, settle, sync_now
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.reading import cards, section, shown, steps, words

pytestmark = pytest.mark.django_db

MONTHLY = {"interval": "month"}
TIERS = [{"up_to": 10, "unit_amount": 500}, {"up_to": "inf", "unit_amount": 400}]
TIERED: dict[str, Any] = {"billing_scheme": "tiered", "tiers": TIERS, "recurring": MONTHLY}
VARYING: dict[str, dict[str, Any]] = {
    "graduated": {**TIERED, "tiers_mode": "graduated"},
    "volume": {**TIERED, "tiers_mode": "volume"},
    "packages": {"unit_amount": 1000, "transform_quantity": {"divide_by": 100, "round": "up"}, "recurring": MONTHLY},
    "fraction": {"unit_amount_decimal": "250.5", "recurring": MONTHLY},
    "chosen": {"custom_unit_amount": {"enabled": True}},
}
WORDS = {
    "graduated": "Price varies (USD) per month for 250",
    "volume": "Price varies (USD) per month for 250",
    "packages": "$10.00 per 100 per month for 250",
    "fraction": "$626.25 per month, 250 \N{MULTIPLICATION SIGN} $2.505",
    "metered": "Price varies with use (USD) per month",
}


def make_price(local_stripe: LocalStripe, kind: str) -> Price:
    terms = VARYING.get(kind) or {"unit_amount": 7, "recurring": {**MONTHLY, **metered(local_stripe)}}
    product = local_stripe.api.products.create({"name": "Varying"})
    made = local_stripe.api.prices.create({"product": product.id, "currency": "usd", **terms})
    import_catalog()
    local_stripe.forget_calls()
    return Price.objects.get(pk=made.id)


def metered(local_stripe: LocalStripe) -> dict[str, Any]:
    meter = local_stripe.api.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    return {"usage_type": "metered", "meter": meter.id}


def subscribed(local_stripe: LocalStripe, customer: Customer, item: dict[str, Any], **terms: Any) -> Subscription:
    method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
    asked: Any = {"customer": customer.pk, "items": [item], "default_payment_method": method.id, **terms}
    local_stripe.api.subscriptions.create(asked)
    settle()
    return Subscription.objects.select_related("price__product", "product").get()


@pytest.mark.parametrize("kind", [*VARYING, "metered"])
class TestIsNotSold:
    def test_on_any_page(self, customer_client: Client, local_stripe: LocalStripe, kind: str) -> None:
        varying = make_price(local_stripe, kind)
        assert "Varying" not in shown(customer_client, "/")
        assert customer_client.get("/api/plans").json() == {"plans": []}
        for response, status in (
            (customer_client.get(f"/buy/{varying.pk}/"), 410),
            (customer_client.post(f"/buy/{varying.pk}/"), 400),
        ):
            assert response.status_code == status
            assert f"The price of this {varying.variation}, so it can" in response.content.decode()
        answer = customer_client.post("/api/session", {"price_id": varying.pk}, content_type="application/json")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "not_possible")
        assert local_stripe.calls == []

    def test_to_somebody_who_changes(
        self, customer_client: Client, local_stripe: LocalStripe, subscription: Subscription, kind: str
    ) -> None:
        varying = make_price(local_stripe, kind)
        page = shown(customer_client, f"/subscriptions/{subscription.pk}/change/")
        assert "Varying" not in page
        response = customer_client.get(path_to(subscription, varying))
        assert (response.status_code, local_stripe.calls) == (400, [])
        assert f"The price of this {varying.variation}" in response.content.decode()

    def test_and_the_doctor_says_why(self, local_stripe: LocalStripe, kind: str) -> None:
        varying = make_price(local_stripe, kind)
        found = [finding.message for finding in check_catalog()]
        assert found[1] == (
            f"Active at Stripe, but not sold here: {varying.pk} ({varying.variation}). "
            "Only fixed amounts for each are sold."
        )


@pytest.mark.parametrize("kind", WORDS)
class TestFromTheDashboard:
    def test_is_shown_as_it_is(
        self, customer_client: Client, customer: Customer, local_stripe: LocalStripe, kind: str
    ) -> None:
        varying = make_price(local_stripe, kind)
        item = {"price": varying.pk} | ({} if kind == "metered" else {"quantity": 250})
        held = subscribed(local_stripe, customer, item)
        [card] = cards(section(shown(customer_client, "/account/"), "subscriptions"))
        assert f"Varying Active {WORDS[kind]} Renews on" in words(card)
        answer = customer_client.get("/api/me").json()["subscriptions"][0]
        assert (answer["subscription_id"], answer["unit_amount"]) == (held.pk, None)
        assert customer_client.post(f"/subscriptions/{held.pk}/cancel/", {"when": "period_end"}).status_code == 302
        assert Subscription.objects.get().cancels_at is not None
        assert customer_client.post(f"/subscriptions/{held.pk}/resume/").status_code == 302
        assert Subscription.objects.get().cancels_at is None

    def test_can_be_changed_to_a_plain_price(
        self, customer_client: Client, customer: Customer, local_stripe: LocalStripe, price: Price, kind: str
    ) -> None:
        varying = make_price(local_stripe, kind)
        held = subscribed(local_stripe, customer, {"price": varying.pk})
        page = shown(customer_client, path_to(held, price))
        assert f"Varying, {varying}" in words(section(page, "change"))
        assert "Pro, $19.00 per month" in words(section(page, "change"))


class TestMetered:
    def test_has_no_quantity_to_change(
        self, customer_client: Client, customer: Customer, local_stripe: LocalStripe
    ) -> None:
        varying = make_price(local_stripe, "metered")
        Product.objects.update(has_quantity=True)
        held = subscribed(local_stripe, customer, {"price": varying.pk})
        page = shown(customer_client, f"/subscriptions/{held.pk}/change/")
        assert [step for step in steps(page) if step.method == "get" and "Show" in step.label] == []
        response = customer_client.get(path_to(held, varying), {"quantity": "3"})
        assert response.status_code == 400
        assert "billed by use" in response.content.decode()


class TestSeveralCurrencies:
    def two_currencies(self, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.api.prices.update(price.pk, {"currency_options": {"eur": {"unit_amount": 1700}}})

    def test_are_charged_in_the_one_that_is_shown(
        self, person: User, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        started = checkout.start(user=person, price_id=price.pk, now=timezone.now())
        assert started.session is not None
        session = local_stripe.api.checkout.sessions.retrieve(str(started.session.stripe_id))
        assert (session.currency, session.amount_total) == ("usd", 1900)

    def test_show_the_figure_of_the_billed_currency(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        subscribed(local_stripe, customer, {"price": price.pk, "quantity": 2}, currency="eur")
        sync_now(full=True)
        assert Price.objects.get().currency_amounts == {"eur": 1700}
        shown_card = section(shown(customer_client, "/account/"), "subscriptions")
        assert "€34.00 per month, 2 \N{MULTIPLICATION SIGN} €17.00" in words(shown_card)
        assert "$19.00" not in shown_card
        assert "Billed in EUR" not in words(shown_card)
        assert customer_client.get("/api/me").json()["subscriptions"][0]["unit_amount"] == 1700
        (held,) = Subscription.objects.all()
        amount = amounts.of(held)
        assert (amount.currency, amount.total, amount.has_unknown) == ("eur", 3400, False)
        assert leaving.charge_in_words(held).startswith(
            "Pro: €34.00 per month, 2 \N{MULTIPLICATION SIGN} €17.00, next charge on"
        )

    def test_are_no_drift_when_they_are_read_first(
        self, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        local_stripe.control("clock", advance=DAY)
        settle()
        sync_now(full=True)
        Price.objects.update(currency_amounts={})
        run, _ = sync_now(full=True)
        assert (run.drifted, Price.objects.get().currency_amounts) == ([], {"eur": 1700})

    def test_are_no_drift_of_a_price_that_the_list_did_not_show(
        self, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        local_stripe.control("clock", advance=DAY)
        settle()
        sync_now(full=True)
        Price.objects.update(currency_amounts={})
        local_stripe.control("clock", advance=DAY)
        client = AlteringClient(local_stripe)
        client.alter("/v1/prices", lambda objects: objects.clear())
        gateway.use_transport(client)
        run, _ = sync_now(full=True)
        assert (run.drifted, Price.objects.get().currency_amounts) == ([], {"eur": 1700})

    def test_are_read_with_the_first_subscription_in_another_one(
        self, client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        method = local_stripe.api.payment_methods.attach("pm_card_visa", {"customer": customer.pk})
        local_stripe.api.subscriptions.create(
            {
                "customer": customer.pk,
                "items": [{"price": price.pk}],
                "currency": "eur",
                "default_payment_method": method.id,
            }
        )
        (event,) = local_stripe.events("customer.subscription.created")
        local_stripe.forget_calls()
        for _ in range(2):
            assert deliver(client, event).status_code == 200
        assert local_stripe.calls == [f"GET /v1/prices/{price.pk}"]
        assert Subscription.objects.get().unit_amount == 1700

    def test_that_change_are_read_again(
        self, client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        import_catalog()
        local_stripe.control("clock", advance=DAY)
        local_stripe.api.prices.update(price.pk, {"currency_options": {"eur": {"unit_amount": 1800}}})
        assert deliver(client, local_stripe.events("price.updated")[-1]).status_code == 200
        assert Price.objects.get().currency_amounts == {"eur": 1800}

    def test_show_no_figure_of_another_currency(
        self, customer_client: Client, customer: Customer, price: Price, local_stripe: LocalStripe
    ) -> None:
        self.two_currencies(local_stripe, price)
        held = subscribed(local_stripe, customer, {"price": price.pk, "quantity": 2}, currency="eur")
        assert held.currency == "eur"
        Price.objects.update(currency_amounts={})
        page = shown(customer_client, "/account/")
        assert "Billed in EUR per month \N{MULTIPLICATION SIGN} 2 Renews" in words(section(page, "subscriptions"))
        assert "$19.00" not in section(page, "subscriptions")
        assert "$19.00" not in shown(customer_client, "/account/history/")
        assert customer_client.get("/api/me").json()["subscriptions"][0]["unit_amount"] is None


class TestConverted:
    def test_a_payment_shows_what_was_charged(self, customer_client: Client, paid_handbook: Payment) -> None:
        Payment.objects.update(presentment_amount=4520, presentment_currency="eur")
        assert "€45.20 ($49.00)" in words(section(shown(customer_client, "/account/"), "payments"))


class TestIdsOfEveryShape:
    @pytest.mark.parametrize("price_id", ["Gold plan/2019 $5?", "50% off #1.", "a//b"])
    def test_from_import_to_cancel(
        self, customer_client: Client, person: User, price: Price, local_stripe: LocalStripe, price_id: str
    ) -> None:
        local_stripe.api.plans.create(
            {
                "id": price_id,
                "amount": 500,
                "currency": "usd",
                "interval": "month",
                "product": {"name": "Gold", "id": f"prod {price_id}"},
            }
        )
        import_catalog()
        [address] = [step.address for step in steps(shown(customer_client, "/")) if "Gold" in step.label]
        assert customer_client.post(address).status_code == 303
        started = checkout.start(user=person, price_id=price_id, now=timezone.now())
        assert started.session is not None
        local_stripe.pay(started.session.stripe_id)
        sync_now()
        sync_now()
        held = Subscription.objects.get()
        assert (held.price_id, held.product_id, held.status) == (price_id, f"prod {price_id}", "active")
        asked = {"price_id": price.pk}
        assert customer_client.post("/api/updatesub", asked, content_type="application/json").status_code == 200
        back = customer_client.post("/api/updatesub", {"price_id": price_id}, content_type="application/json")
        assert (back.status_code, back.json()["price_id"]) == (200, price_id)
        ended = customer_client.post("/api/cancel", {"price_id": price_id}, content_type="application/json")
        assert (ended.status_code, ended.json()["status"]) == (200, "canceled")
