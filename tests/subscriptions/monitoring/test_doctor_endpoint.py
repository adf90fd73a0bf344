"""The doctor on the webhook endpoint: made, completed or enabled with --fix, where there is no doubt."""

from typing import Any

import pytest
import stripe
from django.test import Client

from billing import gateway
from subscriptions.webhooks import handlers
from tests.fixtures import LocalStripe, sign
from tests.subscriptions.monitoring.doctor_command import URL, Doctor
from tests.wording import starting

pytestmark = pytest.mark.django_db


class TestTheEndpoint:
    def test_is_made_once_and_works(
        self, doctor: Doctor, client: Client, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        said = doctor()
        assert said.of("webhook endpoint") == [f"problem: No webhook endpoint sends to {URL}."]
        assert said.left == "problems: 3; --fix repairs 1 of them"
        assert local_stripe.api.webhook_endpoints.list().data == []
        told = doctor("--fix").of("fixed")
        made = local_stripe.api.webhook_endpoints.list().data[0]
        assert (made.url, made.api_version) == (URL, gateway.API_VERSION)
        assert set(made.enabled_events) == set(handlers.HANDLERS)
        words, _, secret = told[0].partition("=")
        assert words == f"Made {made.id}. Now put its secret into .env and restart: STRIPE_WEBHOOK_SECRET"
        settings.STRIPE_WEBHOOK_SECRETS = [secret]
        assert doctor("--fix").of("webhook endpoint")[0] == starting(f"ok: {made.id} sends every event")
        body = '{"id": "evt_1", "type": "unknown", "created": 1, "data": {"object": {}}}'
        signed = client.post(
            "/stripe/webhook/", body, "application/json", headers={"Stripe-Signature": sign(body, secret=secret)}
        )
        assert signed.status_code == 200

    def test_names_those_for_other_addresses(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        other = "https://shop.example.com/stripe/webhook/"
        local_stripe.api.webhook_endpoints.create({"url": other, "enabled_events": ["*"]})
        said = doctor().of("webhook endpoint")
        assert said == [f"problem: No webhook endpoint sends to {URL} (there are endpoints for {other})."]

    def test_that_lacks_the_last_slash_is_given_it(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        made = local_stripe.api.webhook_endpoints.create({"url": URL.rstrip("/"), "enabled_events": ["*"]})
        said = doctor("--fix")
        assert said.of("webhook endpoint") == [
            f"problem: {made.id} sends to {URL.rstrip('/')}, without the slash at the end, so nothing answers."
        ]
        assert [known.url for known in local_stripe.api.webhook_endpoints.list().data] == [URL]

    def test_is_the_one_however_its_address_is_spelled(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.SITE_URL = "https://Shop.Example.com:443"
        spelled = "https://shop.example.com/stripe/webhook/"
        made = local_stripe.api.webhook_endpoints.create({"url": spelled, "enabled_events": ["*"]})
        assert doctor("--fix").of("webhook endpoint")[0] == starting(f"ok: {made.id} sends every event")
        assert len(local_stripe.api.webhook_endpoints.list().data) == 1

    def test_is_enabled_only_where_there_is_no_doubt(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        old = local_stripe.api.webhook_endpoints.create({"url": URL, "enabled_events": ["*"]})
        for one in (endpoint, old):
            local_stripe.api.webhook_endpoints.update(one.id, {"disabled": True})
        assert doctor("--fix").of("webhook endpoint")[0] == starting("problem: Disabled: ")
        assert {known.status for known in local_stripe.api.webhook_endpoints.list().data} == {"disabled"}

    def test_on_a_machine_that_stripe_cannot_reach(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.STRIPE_API_BASE = ""
        assert doctor("--fix").of("webhook endpoint")[0] == starting("note: SITE_URL is an address of this machine")
        assert local_stripe.api.webhook_endpoints.list().data == []

    def test_is_enabled(self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe) -> None:
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"disabled": True})
        assert doctor().of("webhook endpoint")[0] == f"problem: {endpoint.id}, which sends to {URL}, is disabled."
        assert doctor("--fix").of("fixed") == [f"Enabled {endpoint.id}."]
        assert local_stripe.api.webhook_endpoints.retrieve(endpoint.id).status == "enabled"

    def test_is_given_the_events_that_it_lacks_and_keeps_the_others(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        some: list[Any] = sorted(handlers.HANDLERS.keys() - {"invoice.paid", "product.created"})
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"enabled_events": [*some, "charge.refunded"]})
        said = doctor().of("webhook endpoint")
        assert said == [f"problem: {endpoint.id} does not send invoice.paid, product.created."]
        doctor("--fix")
        sent = local_stripe.api.webhook_endpoints.retrieve(endpoint.id).enabled_events
        assert set(sent) == {*handlers.HANDLERS, "charge.refunded"}

    def test_may_send_everything(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"enabled_events": ["*"]})
        assert doctor().of("webhook endpoint")[0] == starting("ok: ")

    def test_of_another_version_is_pointed_out(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.api.webhook_endpoints.create({"url": URL, "enabled_events": ["*"], "api_version": "2019-12-03"})
        said = doctor().of("webhook endpoint")
        assert len(said) == 1
        assert "sends events in API version 2019-12-03, and we read 2026-10-28.endive" in said[0]

    def test_twice_is_pointed_out(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        other = local_stripe.api.webhook_endpoints.create({"url": URL, "enabled_events": ["*"]})
        *_, last = doctor("--fix").of("webhook endpoint")
        assert last == starting(f"problem: Several endpoints send to {URL}, so every event arrives several times: ")
        assert (endpoint.id in last, other.id in last) == (True, True)
        assert len(local_stripe.api.webhook_endpoints.list().data) == 2
