"""One bad object at Stripe stops nothing: it is skipped and named, the doctor shows it, and every page works.

Stripe is bent: the sandbox's answers are changed on their way, as no sandbox would answer by itself.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from billing import gateway
from billing.catalog import promotions
from billing.models import Coupon, Price, Product, PromotionCode
from sandbox.transport import InProcessClient
from subscriptions.models import Invoice, Subscription, SyncRun
from tests.fixtures import LocalStripe
from tests.subscriptions.monitoring.doctor_command import Doctor, Output

pytestmark = pytest.mark.django_db

Bend = Callable[[dict[str, Any]], object]


class BentStripe(InProcessClient):
    """Changes objects of one kind in every answer, nested ones too."""

    kind, bend = "", staticmethod(lambda obj: None)

    def request(self, *given: Any, **more: Any) -> Any:
        body, status, headers = super().request(*given, **more)
        return json.dumps(self._bent(json.loads(body))), status, headers

    def _bent(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._bent(one) for one in value]
        if not isinstance(value, dict):
            return value
        found = {name: self._bent(one) for name, one in value.items()}
        if found.get("object") == self.kind:
            self.bend(found)
        return found


def put(**values: Any) -> Bend:
    return lambda obj: obj.update(values)


def drop(*names: str) -> Bend:
    return lambda obj: [obj.pop(name, None) for name in names]


CANT, FAILED = "can't be read and is left out", "The last full sync failed on 1 object: "
WITHOUT_PRODUCT = "of no product that is known here, so not sold: "
NAMELESS, TERMS = "Features without a name are left out of ", "Discounts with terms that this site does not know: "

# What is bent, how, and what the doctor says of it; nothing, where nothing is amiss for this site.
BAD: dict[str, tuple[str, Bend, str]] = {
    "a feature without a name": ("product", put(marketing_features=[{"name": None}, {}, {"name": "Fine"}]), NAMELESS),
    "a feature that is no object": ("product", put(marketing_features=["Fine"]), CANT),
    "a product without a name": ("product", drop("name"), CANT),
    "a product without metadata": ("product", drop("metadata", "default_price", "description"), ""),
    "a price without a product": ("price", put(product=None), WITHOUT_PRODUCT),
    "a price of no known interval": ("price", put(recurring={"interval": "fortnight"}), ""),
    "a price in no known currency": ("price", put(currency="zzz"), ""),
    "a price without a currency": ("price", drop("currency"), CANT),
    "a price with a broken amount": ("price", put(unit_amount="much"), CANT),
    "a coupon of no known duration": ("coupon", put(duration="fortnightly"), TERMS),
    "a coupon without a duration": ("coupon", drop("duration"), TERMS),
    "a coupon without terms": ("coupon", drop("percent_off", "amount_off", "currency", "duration"), TERMS),
    "a coupon with broken terms": ("coupon", put(percent_off="half", currency_options={"usd": None}), TERMS),
    "a code without a coupon": ("promotion_code", put(promotion=None), CANT),
    "a subscription without items": ("subscription", put(items={"object": "list", "data": []}), ""),
    "a subscription of no known status": ("subscription", put(status="asleep"), ""),
    "a subscription without a customer": ("subscription", put(customer=None), "that nobody here owns: "),
    "a customer without an address": ("customer", drop("email", "name", "metadata"), ""),
    "an invoice without a total": ("invoice", drop("total", "lines"), FAILED),
    "an invoice of no known status": ("invoice", put(status="asleep", billing_reason="whim"), ""),
    "a session of no known mode": ("checkout.session", put(mode="gift"), ""),
}
PAGES = ("/", "/account/", "/account/invoices/", "/api/plans", "/api/me")
LISTS = ("billing/product", "billing/price", "billing/promotioncode", "subscriptions/customer",
         "subscriptions/subscription", "subscriptions/invoice", "subscriptions/payment",
         "subscriptions/checkoutsession", "subscriptions/syncrun")  # fmt: skip


@pytest.fixture
def bent(local_stripe: LocalStripe, subscription: Subscription, settings: Any) -> BentStripe:
    """Ada's subscription, with a coupon, and a code; then Stripe can be bent."""
    settings.API_RATE_PER_ADDRESS = 0
    code = promotions.create_promotion_code(
        code="HALF", discount=promotions.Discount(percent_off=50, duration="forever"), request_id="half"
    )
    coupon_id = local_stripe.api.promotion_codes.retrieve(code.pk).promotion.coupon
    local_stripe.api.subscriptions.update(subscription.pk, {"discounts": [{"coupon": str(coupon_id)}]})
    transport = BentStripe(local_stripe.sandbox)
    gateway.use_transport(transport)
    return transport


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("is_known", [True, False], ids=["known here", "new here"])
def test_stops_nothing(
    bent: BentStripe, person: User, staff: User, capsys: Output, name: str, *, is_known: bool
) -> None:
    kind, bend, finding = BAD[name]
    if not is_known:
        for model in (Price, Product, PromotionCode, Subscription, Invoice, Coupon):
            model._default_manager.all().delete()
    bent.kind, bent.bend = kind, staticmethod(bend)
    run = sync_all()
    said = "\n".join(line for lines in Doctor(capsys)().lines.values() for line in lines)
    assert (run.failed_objects > 0, finding in said) == (finding in {CANT, FAILED}, True), said
    # The prices of a product that can't be read are of no known product.
    more = {WITHOUT_PRODUCT} if finding == CANT else set()
    others = [
        other for other in (CANT, WITHOUT_PRODUCT, NAMELESS, TERMS) if other in said and other not in {finding, *more}
    ]
    assert others == []
    assert_every_page_works(person, staff)


def sync_all() -> SyncRun:
    """Compare everything; the run is complete, whatever has failed in it."""
    with suppress(CommandError):  # It says so when an object has failed.
        call_command("sync_subscriptions", "--full", stdout=StringIO())
    run = SyncRun.objects.order_by("-started_at")[0]
    assert (run.is_full, run.is_complete) == (True, True)
    return run


def assert_every_page_works(person: User, staff: User) -> None:
    for user in (person, staff):
        browser = Client()
        browser.force_login(user)
        for page in PAGES:
            assert browser.get(page, follow=True).status_code in {200, 404}, page
    for page in LISTS:
        shown = browser.get(f"/admin/{page}/")
        assert shown.status_code == 200, page
        for row in shown.context["cl"].result_list:
            assert browser.get(f"/admin/{page}/{quote(row.pk)}/change/").status_code == 200, (page, row)
    assert browser.get("/admin/subscriptions/syncrun/health/").status_code == 200
