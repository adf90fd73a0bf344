"""`manage.py stripe_doctor`: says what is wrong, changes nothing unasked, and makes good what is safe to."""

import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import stripe
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing import gateway
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from billing.models import Price, Product
from subscriptions.models import Customer, WebhookEvent
from subscriptions.webhooks import handlers, inbox
from tests.fixtures import LocalStripe, deliver, sign
from tests.running import Running
from tests.subscriptions.conftest import settle
from tests.subscriptions.mirror.altered import AlteringClient
from tests.subscriptions.rows import LONG_AGO, MAY, subscribe
from tests.wording import starting

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
    made = gateway.create_webhook_endpoint(
        url=URL, enabled_events=sorted(handlers.HANDLERS), description="Standing Order"
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
        assert [line for lines in said.lines.values() for line in lines if not line.startswith("ok: ")] == []
        assert list(said.lines) == [
            "database", "key", "webhook secret", "webhook endpoint", "API version", "catalog", "events",
            "duplicates", "people",
        ]  # fmt: skip
        assert {call.partition(" ")[0] for call in local_stripe.calls} == {"GET"}

    def test_an_empty_database_is_calm(self, doctor: Doctor, endpoint: stripe.WebhookEndpoint) -> None:
        settle()
        said = doctor()
        assert said.left == ""
        assert said.of("catalog") == ["ok: 0 products and 0 prices, as at Stripe."]
        assert said.of("API version")[0] == starting("note: Nothing has happened at Stripe")


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "words"),
        [
            ("", "problem: STRIPE_KEY is not set. Put your secret key into .env."),
            ("pk_test_1", "problem: STRIPE_KEY is not a secret key: one begins with sk_ or rk_."),
            ("sk_unknown", "problem: Stripe does not accept STRIPE_KEY: Invalid API Key provided: **********"),
        ],
    )
    def test_one_that_does_not_work_leaves_out_what_needs_it(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, key: str, words: str
    ) -> None:
        settings.STRIPE_KEY = key
        said = doctor()
        assert said.of("key") == [words]
        assert set(said.lines) == {"database", "key", "webhook secret", "events", "duplicates", "people"}
        assert said.left == "problems: 2"

    def test_stripe_down(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status="reset", count=3)
        assert doctor().of("key") == ["problem: Stripe could not be reached: Network error: ConnectionLost."]

    def test_stripe_down_later(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500, count=9, path="/v1/webhook_endpoints")
        assert doctor().of("webhook endpoint")[0] == starting("problem: Stripe gave no answer: ")

    def test_a_live_one_while_debugging(self, doctor: Doctor, local_stripe: LocalStripe, settings: Any) -> None:
        settings.STRIPE_KEY, settings.DEBUG = f"sk_{'live'}_1", True
        assert "problem: STRIPE_KEY is a live key while DEBUG is on" in " ".join(doctor().of("key"))

    @pytest.mark.parametrize(
        ("secrets", "words"),
        [
            ([], "problem: STRIPE_WEBHOOK_SECRET is not set, so every webhook is answered with 500."),
            (["sk_test"], "problem: STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_."),
            (
                ["whsec_a", "sk_test"],
                "problem: STRIPE_WEBHOOK_SECRET is not a signing secret: one begins with whsec_.",
            ),
            (["whsec_a", "whsec_b"], "ok: STRIPE_WEBHOOK_SECRET is set"),
        ],
    )
    def test_webhook_secrets(
        self, doctor: Doctor, local_stripe: LocalStripe, settings: Any, secrets: list[str], words: str
    ) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = secrets
        assert doctor().of("webhook secret")[0] == starting(words)


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


class TestEvents:
    def test_an_account_of_another_version(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        local_stripe.sandbox.account.api_version = "2019-12-03"
        local_stripe.api.products.create({"name": "Pro"})
        said = doctor().of("API version")
        assert said[0] == starting("note: The newest event is in 2019-12-03, and we read 2026-10-28.endive")

    def test_no_sync_yet(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        assert doctor().of("events") == [
            "problem: No sync has completed yet. Is it running?",
        ]

    @pytest.fixture
    def failed(self, client: Client, local_stripe: LocalStripe) -> WebhookEvent:
        """One that has failed once, because Stripe was down."""
        settle()
        local_stripe.api.products.create({"name": "Pro"})
        event = local_stripe.events("product.created")[0]
        local_stripe.control("faults", status=500, count=9, path="/v1/products/")
        assert deliver(client, {**event, "api_version": "2019-12-03"}).status_code == 500
        local_stripe.control("faults", count=0)
        return WebhookEvent.objects.get()

    def test_failed_ones_are_left_to_the_sync(self, doctor: Doctor, failed: WebhookEvent) -> None:
        said = doctor("--fix").of("events")
        assert said == ["note: 1 event(s) failed; the next pass tries them again."]
        assert WebhookEvent.objects.get().attempts == failed.attempts

    def test_given_up_ones_are_worked_again(self, doctor: Doctor, failed: WebhookEvent) -> None:
        WebhookEvent.objects.update(attempts=inbox.MAX_ATTEMPTS)
        assert doctor().of("events")[0] == starting("problem: The sync has given up on 1 failed event(s).")
        assert WebhookEvent.objects.get().state == "failed"
        assert "1 processed again." in doctor("--fix").of("fixed")
        assert (WebhookEvent.objects.get().state, Product.objects.get().name) == ("done", "Pro")

    def test_given_up_ones_that_fail_again_are_no_success(
        self, doctor: Doctor, failed: WebhookEvent, local_stripe: LocalStripe
    ) -> None:
        # --fix imports the product first, and an event that is older than that copy would be ignored.
        later = {**failed.payload, "created": failed.payload["created"] + 3600}
        WebhookEvent.objects.update(attempts=inbox.MAX_ATTEMPTS, payload=later)
        local_stripe.control("faults", status=500, count=9, path="/v1/products/")
        said = doctor("--fix")
        assert said.of("not fixed")[0] == starting("1 of 1 failed again")
        assert said.left == starting("problems: ")

    def test_silent_webhooks(self, doctor: Doctor, local_stripe: LocalStripe) -> None:
        settle()
        for number in range(3):
            WebhookEvent.objects.create(
                pk=f"evt_{number}", type="invoice.paid", source="sync", state="done", stripe_created_at=LONG_AGO
            )
        WebhookEvent.objects.update(received_at=timezone.now() - timedelta(hours=1))
        assert doctor().of("events")[0] == starting("problem: No webhook has arrived yet, and the sync found 3 events")


class TestEventsOfOthers:
    @pytest.mark.parametrize(
        ("told", "said"),
        [
            ({"account": "acct_7"}, "note: 1 event of other accounts came in the last week and changed nothing."),
            ({"livemode": True}, "problem: 1 event of live mode came in the last week and changed nothing, because"),
        ],
    )
    def test_are_named_with_what_to_do(
        self, doctor: Doctor, client: Client, customer: Customer, local_stripe: LocalStripe, *, told: Any, said: str
    ) -> None:
        settle()
        deliver(client, local_stripe.control("events", type="customer.updated", object=customer.pk, **told))
        assert doctor().of("events")[-1] == starting(said)
        assert "delete" in doctor().of("events")[-1]
        WebhookEvent.objects.exclude(foreign="").update(received_at=timezone.now() - timedelta(days=8))
        assert doctor().of("events")[-1] == starting("ok: The last sync completed")


class TestTheCatalog:
    def test_is_brought_up_to_date(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        local_stripe.api.prices.update(price.pk, {"nickname": "Old"})
        made = local_stripe.api.products.create({"name": "New"})
        said = doctor()
        assert said.of("catalog")[0] == starting(f"note: Different at Stripe: {made.id}, {price.pk}.")
        assert (Product.objects.count(), said.left) == (1, "")
        assert "2 brought up to date." in doctor("--fix").of("fixed")
        assert set(Product.objects.values_list("name", flat=True)) == {"Pro", "New"}
        assert f"note: On sale, but without a price: “New” ({made.id})." in doctor().of("catalog")

    def test_is_not_called_up_to_date_when_something_failed(
        self, doctor: Doctor, endpoint: stripe.WebhookEndpoint, price: Price, local_stripe: LocalStripe
    ) -> None:
        settle()
        made = local_stripe.api.products.create({"name": "New"})
        client = AlteringClient(local_stripe)
        client.alter("/v1/products", lambda objects: [obj.update(name=7) for obj in objects if obj["id"] == made.id])
        gateway.use_transport(client)
        said = doctor("--fix")
        assert said.of("not fixed") == [f"0 brought up to date. Failed: {made.id}. The value of name is a int."]

    def test_of_another_account_is_not_touched(self, doctor: Doctor, price: Price, local_stripe: LocalStripe) -> None:
        """The key of another account, whose products must not come on sale here."""
        local_stripe.control("reset")
        local_stripe.api.products.create({"name": "Theirs"})
        said = doctor("--fix")
        assert said.of("key") == [
            f"problem: STRIPE_KEY is for another account than this database: Stripe knows none of {price.product_id}."
        ]
        assert [product.name for product in Product.objects.all()] == ["Pro"]
        assert local_stripe.api.webhook_endpoints.list().data == []

    def test_of_which_one_was_deleted_is_still_ours(
        self, doctor: Doctor, price: Price, local_stripe: LocalStripe
    ) -> None:
        later = timezone.now() + timedelta(days=1)
        Product.objects.create(pk="prod_gone", name="Gone", active=False, known_from=later, known_until=later)
        assert doctor().of("key")[0] == starting("ok: ")


class TestDuplicates:
    def test_somebody_who_pays_twice(self, doctor: Doctor, customer: Customer, price: Price) -> None:
        subscribe(customer, price, pk="sub_old", stripe_created_at=LONG_AGO)
        subscribe(customer, price, pk="sub_new", stripe_created_at=MAY)
        said = doctor("--fix").of("duplicates")
        assert len(said) == 1
        assert said[0] == starting(
            f"problem: {customer.pk} pays twice for {price.product_id}: sub_new is the newer one."
        )

    def test_products_of_one_name(self, doctor: Doctor, price: Price) -> None:
        terms = PriceTerms(unit_amount=900, currency="usd")
        other = catalog.create_product(name="Pro", price=terms, request_id="other").product
        ids = ", ".join(sorted([str(price.product_id), other.pk]))
        assert doctor().of("duplicates")[0] == starting(f"note: Several products on sale have one name: {ids}.")

    def test_customers_of_one_person(self, doctor: Doctor, customer: Customer) -> None:
        Customer.objects.create(pk="cus_other", email="ada@example.com", metadata=customer.metadata)
        ids = ", ".join(sorted([customer.pk, "cus_other"]))
        assert doctor().of("duplicates")[0] == starting(f"note: One person has several customers at Stripe: {ids}.")


@pytest.mark.only_on("sqlite")
class TestTheDatabase:
    """Also where Django's own checks would stop every other command."""

    def doctor(self, settings: Any, url: str) -> tuple[list[str], int]:
        environment = {"ENV_FILE": os.devnull, "SECRET_KEY": "k", "DATABASE_URL": url, "STRIPE_KEY": "sk_test_1"}
        command = Running(settings.BASE_DIR, "stripe_doctor", **environment)
        return command.read_to_the_end().splitlines(), command.process.returncode

    def test_without_its_tables(self, settings: Any, tmp_path: Path) -> None:
        said, code = self.doctor(settings, f"sqlite:///{tmp_path}/new.sqlite3")
        assert re.sub(r"\d+", "N", said[0]) == (
            "problem  database          N migrations have not been applied. Run `manage.py migrate`."
        )
        assert (said[1:], code) == (["CommandError: problems: 1"], 1)

    @pytest.mark.parametrize("url", ["postgres://shop@127.0.0.1:1/shop", "mongodb://127.0.0.1:1/shop"])
    def test_that_does_not_answer(self, settings: Any, url: str) -> None:
        said, code = self.doctor(settings, url)
        assert said[0] == starting("problem  database          The database at DATABASE_URL does not answer: ")
        assert "127.0.0.1" in said[0]
        assert (said[1:], code) == (["CommandError: problems: 1"], 1)
