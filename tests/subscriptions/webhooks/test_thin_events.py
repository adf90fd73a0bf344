"""Thin events name an object, and we fetch it: the mirror is then as Stripe is."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from billing.models import Product
from subscriptions.customers import erasing
from subscriptions.models import CheckoutSession, Customer, Payment, Refund, Subscription, WebhookEvent
from tests.fixtures import WEBHOOK_PATH, LocalStripe, deliver, sign
from tests.subscriptions.conftest import settle

pytestmark = pytest.mark.django_db


def thin(local_stripe: LocalStripe, kind: str, stripe_id: str, **options: Any) -> dict[str, Any]:
    event: dict[str, Any] = local_stripe.control("events", type=kind, object=stripe_id, thin=True, **options)
    local_stripe.forget_calls()
    return event


class TestAboutAnObjectOfOurs:
    def test_a_new_subscription_is_fetched(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        pk = local_stripe.events("customer.subscription.created")[0]["data"]["object"]["id"]
        response = deliver(client, thin(local_stripe, "customer.subscription.created", pk))
        assert (response.status_code, response.json()) == (200, {"state": "done"})
        assert Subscription.objects.get().pk == pk
        assert Subscription.objects.get().gives_access
        assert local_stripe.calls == [f"GET /v1/subscriptions/{pk}"]

    @pytest.mark.parametrize("kind", ["customer.subscription.updated", "customer.subscription.cancel_at_changed"])
    def test_a_change_is_fetched_under_every_name(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe, kind: str
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        assert deliver(client, thin(local_stripe, kind, subscription.pk)).json() == {"state": "done"}
        subscription.refresh_from_db()
        assert subscription.cancel_at_period_end
        assert subscription.status_changes.filter(cause_kind="event").count() >= 1

    def test_a_purchase_is_fetched(self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe) -> None:
        intent_id = paid_handbook.payment_intent_id
        Payment.objects.all().delete()
        assert deliver(client, thin(local_stripe, "payment_intent.succeeded", intent_id)).json() == {"state": "done"}
        assert Payment.objects.get().gives_access

    def test_a_session_is_fetched(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        event = thin(local_stripe, "checkout.session.completed", str(paid_session.stripe_id))
        assert deliver(client, event).json() == {"state": "done"}
        paid_session.refresh_from_db()
        assert paid_session.status == "complete"

    def test_a_refund_ends_its_purchase(
        self, client: Client, paid_handbook: Payment, local_stripe: LocalStripe
    ) -> None:
        refund = local_stripe.api.refunds.create({"payment_intent": paid_handbook.payment_intent_id})
        assert deliver(client, thin(local_stripe, "charge.refund.updated", refund.id)).json() == {"state": "done"}
        assert Refund.objects.get().status == "succeeded"
        paid_handbook.refresh_from_db()
        assert not paid_handbook.gives_access

    def test_a_deleted_product_is_gone(self, client: Client, local_stripe: LocalStripe) -> None:
        product = local_stripe.api.products.create({"name": "Odd"})
        settle()
        event = thin(local_stripe, "product.deleted", product.id)
        local_stripe.api.products.delete(product.id)
        assert deliver(client, event).json() == {"state": "done"}
        assert Product.objects.get(pk=product.id).is_deleted

    def test_of_an_object_that_is_gone_leaves_it_to_the_event_that_says_so(
        self, client: Client, local_stripe: LocalStripe
    ) -> None:
        product = local_stripe.api.products.create({"name": "Odd"})
        settle()
        event = thin(local_stripe, "product.updated", product.id)
        local_stripe.api.products.delete(product.id)
        assert deliver(client, event).json() == {"state": "done"}
        assert not Product.objects.get(pk=product.id).is_deleted

    def test_arriving_late_undoes_nothing(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        event = thin(local_stripe, "customer.subscription.updated", subscription.pk)
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        settle()
        assert deliver(client, event).json() == {"state": "done"}
        subscription.refresh_from_db()
        assert subscription.cancel_at_period_end

    def test_twice_is_handled_once(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        event = thin(local_stripe, "customer.subscription.updated", subscription.pk)
        deliver(client, event)
        local_stripe.forget_calls()
        assert deliver(client, event).json() == {"state": "done"}
        assert local_stripe.calls == []

    def test_with_stripe_down_comes_again_and_is_tried_by_the_sync(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.subscriptions.update(subscription.pk, {"cancel_at_period_end": True})
        event = thin(local_stripe, "customer.subscription.updated", subscription.pk)
        local_stripe.control("faults", status=500, count=9)
        assert deliver(client, event).status_code == 500
        local_stripe.control("faults")
        call_command("replay_webhooks", "--failed")
        assert WebhookEvent.objects.get(pk=event["id"]).state == "done"
        subscription.refresh_from_db()
        assert subscription.cancel_at_period_end

    def test_is_erased_with_the_person(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        customer_id = str(subscription.customer_id)
        deliver(client, thin(local_stripe, "customer.updated", customer_id))
        deliver(client, thin(local_stripe, "customer.subscription.updated", subscription.pk))
        erasing.erase(customer_id, now=timezone.now())
        assert [entry.payload for entry in WebhookEvent.objects.filter(source="webhook")] == [{}, {}]


class TestAboutAnythingElse:
    def test_of_an_unknown_type_is_ignored(
        self, client: Client, paid_session: CheckoutSession, local_stripe: LocalStripe
    ) -> None:
        event = {**thin(local_stripe, "customer.updated", str(paid_session.customer_id))}
        event |= {"type": "v2.core.account.updated"}
        event["related_object"] = {"id": "acct_1", "type": "v2.core.account", "url": "/v2/core/accounts/acct_1"}
        response = deliver(client, event)
        assert (response.status_code, response.json()) == (200, {"state": "ignored"})
        assert local_stripe.calls == []

    def test_about_no_object_is_ignored(self, client: Client, customer: Customer, local_stripe: LocalStripe) -> None:
        event = {**thin(local_stripe, "customer.updated", customer.pk), "type": "v1.x.y", "related_object": None}
        assert deliver(client, event).json() == {"state": "ignored"}

    @pytest.mark.parametrize(("told", "reason"), [({"account": "acct_7"}, "account"), ({"livemode": True}, "live")])
    def test_that_is_not_ours_is_ignored(
        self, client: Client, customer: Customer, local_stripe: LocalStripe, told: dict[str, Any], reason: str
    ) -> None:
        event = thin(local_stripe, "customer.updated", customer.pk, **told)
        assert deliver(client, event).json() == {"state": "ignored"}
        assert WebhookEvent.objects.get(pk=event["id"]).foreign == reason
        assert local_stripe.calls == []

    @pytest.mark.parametrize(
        "told",
        [
            {"created": 1},
            {"created": "yesterday"},
            {"created": "2026-01-01T00:00:00"},
            {"related_object": []},
            {"related_object": {"type": "subscription"}},
            {"related_object": {"type": {}, "id": "sub_1"}},
            {"id": ""},
        ],
    )
    def test_malformed_is_refused(
        self, client: Client, customer: Customer, local_stripe: LocalStripe, told: dict[str, Any]
    ) -> None:
        event = {**thin(local_stripe, "customer.updated", customer.pk), **told}
        if told == {"related_object": []}:
            # An empty list is as good as none.
            assert deliver(client, event).json() == {"state": "ignored"}
            return
        assert deliver(client, event).status_code == 400
        assert WebhookEvent.objects.filter(source="webhook").count() == 0

    def test_with_an_id_that_the_object_can_not_have_fails(
        self, client: Client, subscription: Subscription, local_stripe: LocalStripe
    ) -> None:
        event = thin(local_stripe, "customer.subscription.updated", subscription.pk)
        event["related_object"]["id"] = "cus_1"
        assert deliver(client, event).status_code == 200
        assert WebhookEvent.objects.get(pk=event["id"]).state == "failed"
        assert local_stripe.calls == []

    def test_unsigned_is_refused(self, client: Client, customer: Customer, local_stripe: LocalStripe) -> None:
        body = json.dumps(thin(local_stripe, "customer.updated", customer.pk))
        headers = {"Stripe-Signature": sign(body, secret="whsec_other")}
        response = client.post(WEBHOOK_PATH, data=body, content_type="application/json", headers=headers)
        assert response.status_code == 400
