"""`manage.py stripe_doctor`: says what is wrong, changes nothing unasked, and makes good what is safe to."""

import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.test import Client

from billing import catalog, stripe_gateway
from billing.catalog import PriceTerms
from billing.models import Price, Product
from subscriptions import webhooks
from subscriptions.models import Customer, WebhookEvent
from tests.fixtures import LocalStripe, deliver, sign
from tests.running import Running
from tests.subscriptions.conftest import settle
from tests.subscriptions.rows import LONG_AGO, MAY, subscribe

pytestmark = pytest.mark.django_db

URL = "http://127.0.0.1:8000/stripe/webhook/"

Output = pytest.CaptureFixture[str]


class Said(NamedTuple):
    """What the command said of each subject, and of problems left."""

    lines: dict[str, list[str]]
    left: str

    def of(self, subject: str) -> list[str]:
        return self.lines.get(subject, [])


class Doctor:
    def __init__(self, output: Output) -> None:
        self._output = output

    def __call__(self, *options: str) -> Said:
        self._output.readouterr()
        try:
            call_command("stripe_doctor", *options, no_color=True)
        except CommandError as error:
            left = str(error)
        else:
            left = ""
        lines: dict[str, list[str]] = {}
        for line in self._output.readouterr().out.replace("All is well.\n", "").splitlines():
            level, subject, message = line[:8].strip(), line[9:26].strip(), line[27:]
            lines.setdefault(subject, []).append(f"{level}: {message}" if level else message)
        return Said(lines, left)


@pytest.fixture
def doctor(capsys: Output) -> Doctor:
    return Doctor(capsys)


@pytest.fixture
def endpoint(local_stripe: LocalStripe) -> stripe.WebhookEndpoint:
    """One that is as it should be."""
    made = stripe_gateway.create_webhook_endpoint(
        url=URL, enabled_events=sorted(webhooks.HANDLERS), description="Standing Order"
    )
    local_stripe.forget_calls()
    return local_stripe.api.webhook_endpoints.retrieve(made.id)


class TestASoundSetUp:
    def test_is_all_well(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.forget_calls()
        said = doctor("--fix")
        assert said.left == ""
        assert all(line.startswith("ok: ") for lines in said.lines.values() for line in lines)
        assert list(said.lines) == [
            "key", "webhook secret", "webhook endpoint", "API version", "catalogue", "events", "duplicates",
        ]  # fmt: skip
        assert {call.partition(" ")[0] for call in local_stripe.calls} == {"GET"}

    def test_an_empty_database_is_calm(self, doctor: Doctor, endpoint: stripe.WebhookEndpoint) -> None:
        settle()
        said = doctor()
        assert said.left == ""
        assert said.of("catalogue") == ["ok: 0 products and 0 prices, as at Stripe."]
        assert said.of("API version")[0].startswith("note: Nothing has happened at Stripe")


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("", "problem: STRIPE_KEY is not set. Put your secret key into .env."),
            ("pk_test_1", "problem: STRIPE_KEY is not a secret key: one begins with sk_ or rk_."),
            ("sk_unknown", "problem: Stripe does not take STRIPE_KEY: Invalid API Key provided: **********"),
        ],
    )
    def test_one_that_does_not_work_leaves_out_what_needs_it(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, key: str, words: str
    ) -> None:
        settings.STRIPE_KEY = key
        said = doctor()
        assert said.of("key") == [words]
        assert set(said.lines) == {"key", "webhook secret", "events", "duplicates"}
        assert said.left == "problems: 2"

    def test_stripe_down(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3)
        assert doctor().of("key") == ["problem: Stripe could not be asked: Network error: ConnectionLost."]

    def test_stripe_down_later(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500, count=9, path="/v1/webhook_endpoints")
        assert doctor().of("webhook endpoint")[0].startswith("problem: Stripe did not tell: ")

    def test_a_live_one_while_debugging(self, doctor: Doctor, local_stripe: LocalStripe, settings: Any) -> None:
        settings.STRIPE_KEY, settings.DEBUG = f"sk_{'live'}_1", True
        assert "problem: STRIPE_KEY is a live key while DEBUG is on" in " ".join(doctor().of("key"))

    @pytest.mark.parametrize(
        ("secrets", "words"),
        [
            ([], "problem: STRIPE_WEBHOOK_SECRET is not set: every webhook is answered with 500."),
            (["sk_test"], "problem: STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_."),
            (["whsec_a", "whsec_b"], "ok: 2 webhook secrets are set."),
        ],
    )
    def test_webhook_secrets(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, secrets: list[str], words: str
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = secrets
        assert doctor().of("webhook secret") == [words]


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
        assert (made.url, made.api_version) == (URL, stripe_gateway.API_VERSION)
        assert set(made.enabled_events) == set(webhooks.HANDLERS)
        words, _, secret = told[0].partition("=")
        assert words == f"Made {made.id}. Now put its secret into .env and restart: STRIPE_WEBHOOK_SECRET"
        settings.STRIPE_WEBHOOK_SECRETS = [secret]
        assert doctor("--fix").of("webhook endpoint")[0].startswith(f"ok: {made.id} sends every event")
        body = '{"id": "evt_1", "type": "unknown", "created": 1, "data": {"object": {}}}'
        signed = client.post(
            "/stripe/webhook/", body, "application/json", headers={"Stripe-Signature": sign(body, secret=secret)}
        )
        assert signed.status_code == 200

    def test_names_those_for_other_addresses(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.api.webhook_endpoints.create({"url": URL.rstrip("/"), "enabled_events": ["*"]})
        said = doctor().of("webhook endpoint")
        assert said == [f"problem: No webhook endpoint sends to {URL} (there are endpoints for {URL.rstrip('/')})."]

    def test_on_a_machine_that_stripe_cannot_reach(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any
    ) -> None:
        settings.STRIPE_API_BASE = ""
        assert doctor("--fix").of("webhook endpoint")[0].startswith("note: SITE_URL is an address of this machine")
        assert local_stripe.api.webhook_endpoints.list().data == []

    def test_is_enabled(self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe) -> None:
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"disabled": True})
        assert doctor().of("webhook endpoint")[0] == f"problem: {endpoint.id}, which sends to {URL}, is disabled."
        assert doctor("--fix").of("fixed") == [f"Enabled {endpoint.id}."]
        assert local_stripe.api.webhook_endpoints.retrieve(endpoint.id).status == "enabled"

    def test_is_given_the_events_that_it_lacks_and_keeps_the_others(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        some: list[Any] = sorted(webhooks.HANDLERS.keys() - {"invoice.paid", "product.created"})
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"enabled_events": [*some, "charge.refunded"]})
        said = doctor().of("webhook endpoint")
        assert said == [f"problem: {endpoint.id} does not send invoice.paid, product.created."]
        doctor("--fix")
        sent = local_stripe.api.webhook_endpoints.retrieve(endpoint.id).enabled_events
        assert set(sent) == {*webhooks.HANDLERS, "charge.refunded"}

    def test_may_send_everything(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, local_stripe: LocalStripe
    ) -> None:
        local_stripe.api.webhook_endpoints.update(endpoint.id, {"enabled_events": ["*"]})
        assert doctor().of("webhook endpoint")[0].startswith("ok: ")

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
        assert last.startswith(f"problem: Several endpoints send to {URL}, so every event comes several times: ")
        assert (endpoint.id in last, other.id in last) == (True, True)
        assert len(local_stripe.api.webhook_endpoints.list().data) == 2


class TestEvents:
    def test_an_account_of_another_version(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.sandbox.account.api_version = "2019-12-03"
        local_stripe.api.products.create({"name": "Pro"})
        said = doctor().of("API version")
        assert said[0].startswith("note: The account is on 2019-12-03, and we read 2026-10-28.endive")

    def test_no_sync_yet(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        assert doctor().of("events") == [
            "problem: No sync has been complete yet. Is it running?",
        ]

    def test_failed_ones_are_worked_again(self, doctor: Doctor, client: Client, local_stripe: LocalStripe) -> None:
        settle()
        local_stripe.api.products.create({"name": "Pro"})
        event = local_stripe.events("product.created")[0]
        local_stripe.control("faults", status=500, count=9, path="/v1/products")
        assert deliver(client, {**event, "api_version": "2019-12-03"}).status_code == 500
        local_stripe.control("faults", count=0)
        assert doctor().of("events") == ["problem: 1 event(s) failed and will be tried again by the next pass."]
        assert WebhookEvent.objects.get().state == "failed"
        assert "1 processed again, 0 failed again." in doctor("--fix").of("fixed")
        assert (WebhookEvent.objects.get().state, Product.objects.get().name) == ("done", "Pro")


class TestTheCatalogue:
    def test_is_brought_up_to_date(self, doctor: Doctor, price: Price, local_stripe: LocalStripe) -> None:
        local_stripe.api.prices.update(price.pk, {"nickname": "Old"})
        made = local_stripe.api.products.create({"name": "New"})
        said = doctor().of("catalogue")
        assert said[0] == f"problem: Otherwise at Stripe than here: {made.id}, {price.pk}."
        assert Product.objects.count() == 1
        assert "2 brought up to date." in doctor("--fix").of("fixed")
        assert set(Product.objects.values_list("name", flat=True)) == {"Pro", "New"}
        assert doctor().of("catalogue")[0] == f"note: On sale, but without a price: “New” ({made.id})."

    def test_rows_of_another_account_stay(self, doctor: Doctor, price: Price, local_stripe: LocalStripe) -> None:
        Product.objects.create(pk="prod_theirs", name="Theirs", known_from=LONG_AGO, known_until=LONG_AGO)
        said = doctor("--fix").of("catalogue")
        assert said[0] == "problem: Stripe does not list prod_theirs. Is STRIPE_KEY another account's?"
        assert Product.objects.filter(pk="prod_theirs", is_deleted=False).exists()


class TestDuplicates:
    def test_somebody_who_pays_twice(self, doctor: Doctor, customer: Customer, price: Price) -> None:
        subscribe(customer, price, pk="sub_old", stripe_created_at=LONG_AGO)
        subscribe(customer, price, pk="sub_new", stripe_created_at=MAY)
        said = doctor("--fix").of("duplicates")
        assert len(said) == 1
        assert said[0].startswith("problem: ada@example.com pays twice for Pro: sub_new is the newer one.")

    def test_products_of_one_name(self, doctor: Doctor, price: Price) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd")
        other = catalog.create_product(name="Pro", price=terms, request_id="other").product
        ids = ", ".join(sorted([str(price.product_id), other.pk]))
        assert doctor().of("duplicates")[0].startswith(f"note: Several products on sale have one name: {ids}.")

    def test_customers_of_one_person(self, doctor: Doctor, customer: Customer) -> None:
        Customer.objects.create(pk="cus_other", email="ada@example.com", metadata=customer.metadata)
        ids = ", ".join(sorted([customer.pk, "cus_other"]))
        assert doctor().of("duplicates")[0].startswith(f"note: One person has several customers at Stripe: {ids}.")


@pytest.mark.only_on("sqlite")
class TestOnAFreshClone:
    def test_says_what_is_to_be_set_and_that_tables_are_missing(self, settings: Any, tmp_path: Path) -> None:
        """Also where Django's own checks would stop every other command."""
        environment = {"ENV_FILE": os.devnull, "SECRET_KEY": "k", "DATABASE_URL": f"sqlite:///{tmp_path}/new.sqlite3"}
        command = Running(settings.BASE_DIR, "stripe_doctor", **environment, STRIPE_KEY="pk_test_1")
        said = command.read_to_the_end().splitlines()
        assert said[0].startswith("problem  key               STRIPE_KEY is not a secret key")
        assert said[1].startswith("problem  webhook secret    STRIPE_WEBHOOK_SECRET is not set")
        assert said[2].startswith("CommandError: the database does not answer as it should: no such table: ")
        assert (len(said), command.process.returncode) == (3, 1)
