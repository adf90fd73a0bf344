"""Promotion codes: created by staff in the admin, used by buyers at checkout."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from billing.catalog import promotions
from billing.catalog.importer import import_catalog
from billing.catalog.promotions import Discount
from billing.models import Price, PromotionCode
from subscriptions import stripe_clock
from subscriptions.checkout import services as checkout
from tests.fixtures import LocalStripe, deliver
from tests.subscriptions.conftest import DAY, sync_now

pytestmark = pytest.mark.django_db

LIST = "/admin/billing/promotioncode/"
ADD = f"{LIST}add/"


def form(**typed: Any) -> dict[str, Any]:
    return {"code": "SPRING20", "percent_off": "20", "duration": "once", **typed}


class TestMaking:
    def test_a_percentage(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        assert admin_client.post(ADD, form()).status_code == 302
        code = PromotionCode.objects.get()
        assert (code.code, code.discount_display, code.active) == ("SPRING20", "20% off the first payment", True)
        assert [theirs.code for theirs in local_stripe.api.promotion_codes.list().data] == ["SPRING20"]

    def test_an_amount_for_some_months(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        typed = form(percent_off="", amount_off="5.00", currency="USD", duration="repeating", duration_in_months="3")
        assert admin_client.post(ADD, typed).status_code == 302
        assert PromotionCode.objects.get().discount_display == "$5.00 off for 3 months"

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ({"code": ""}, "This field is required."),
            ({"code": "SPRING 20"}, "Use letters and digits only."),
            ({"percent_off": ""}, "Enter either a percentage or an amount."),
            ({"percent_off": "", "amount_off": "0", "currency": "usd"}, "Enter an amount above zero."),
            ({"amount_off": "5.00", "currency": "usd"}, "Enter either a percentage or an amount."),
            ({"percent_off": "101"}, "less than or equal to 100"),
            ({"percent_off": "-5"}, "greater than or equal to 0.01"),
            ({"percent_off": "", "amount_off": "5.001", "currency": "usd"}, "USD has 2 decimals"),
            ({"percent_off": "", "amount_off": "5", "currency": "xyz"}, "is not a currency"),
            ({"duration": "repeating"}, "Say for how many months."),
            ({"max_redemptions": "0"}, "greater than or equal to 1"),
            ({"max_redemptions": "2147483648"}, "less than or equal to 2147483647"),
            ({"percent_off": "nan"}, "Enter a number."),
            ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "This is in the past."),
        ],
    )
    def test_bad_input_says_what_is_wrong(
        self, admin_client: Client, local_stripe: LocalStripe, typed: dict[str, str], words: str
    ) -> None:
        local_stripe.forget_calls()
        response = admin_client.post(ADD, form(**typed))
        assert response.status_code == 200
        assert words in response.content.decode()
        assert (PromotionCode.objects.count(), local_stripe.calls) == (0, [])

    @pytest.mark.parametrize("is_measured", [True, False])
    def test_a_past_expiry_is_judged_by_stripes_clock(
        self, admin_client: Client, local_stripe: LocalStripe, *, is_measured: bool
    ) -> None:
        local_stripe.control("clock", advance=400 * DAY)
        if is_measured:
            sync_now()
            stripe_clock.forget()
        local_stripe.forget_calls()
        day = timezone.now() + timedelta(days=30)
        response = admin_client.post(ADD, form(expires_at_0=f"{day:%Y-%m-%d}", expires_at_1="00:00"))
        assert response.status_code == 200
        page = response.content.decode()
        assert "This is in the past." in page
        assert "Stripe refused" not in page
        assert PromotionCode.objects.count() == 0
        if is_measured:
            assert local_stripe.calls == []

    def test_a_code_that_is_taken_is_said_at_its_field(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        admin_client.post(ADD, form())
        response = admin_client.post(ADD, form())
        assert response.status_code == 200
        assert b"exists already." in response.content
        assert b"Stripe refused" not in response.content
        assert PromotionCode.objects.count() == 1

    def test_is_archived_and_restored(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        admin_client.post(ADD, form())
        pk = PromotionCode.objects.get().pk
        for action, active in (("archive", False), ("restore", True)):
            admin_client.post("/admin/billing/promotioncode/", {"action": action, "_selected_action": [pk]})
            assert PromotionCode.objects.get().active is active
            assert local_stripe.api.promotion_codes.retrieve(pk).active is active

    def test_can_be_looked_at(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        admin_client.post(ADD, form())
        pk = PromotionCode.objects.get().pk
        assert b"20% off" in admin_client.get(f"{LIST}{quote(pk)}/change/").content
        assert b"20% off" in admin_client.get("/admin/billing/promotioncode/").content


class TestUsing:
    def test_at_checkout(self, client: Client, person: User, price: Price, local_stripe: LocalStripe) -> None:
        discount = Discount(percent_off=50)
        promotions.create_promotion_code(code="HALF", discount=discount, request_id="half")
        started = checkout.start(user=person, price_id=price.pk, now=timezone.now())
        assert started.session is not None
        session = local_stripe.pay(started.session.stripe_id, promotion_code="HALF")
        assert session["amount_total"] == 950
        for event in local_stripe.events("promotion_code.updated"):
            assert deliver(client, event).status_code == 200
        code = PromotionCode.objects.get()
        assert (code.times_redeemed, code.discount_display) == (1, "50% off the first payment")


class TestImport:
    def test_brings_those_made_in_the_dashboard(self, db: None, local_stripe: LocalStripe) -> None:
        coupon = local_stripe.api.coupons.create({"percent_off": 10, "duration": "forever"})
        local_stripe.api.promotion_codes.create(
            {"code": "ALWAYS", "promotion": {"type": "coupon", "coupon": coupon.id}}
        )
        assert import_catalog().codes == 1
        assert PromotionCode.objects.get().discount_display == "10% off every payment"

    def test_brings_the_minimum_of_a_purchase(self, admin_client: Client, local_stripe: LocalStripe) -> None:
        coupon = local_stripe.api.coupons.create({"percent_off": 10, "duration": "forever"})
        local_stripe.api.promotion_codes.create(
            {
                "code": "BIG",
                "promotion": {"type": "coupon", "coupon": coupon.id},
                "restrictions": {"minimum_amount": 5000, "minimum_amount_currency": "usd"},
            }
        )
        assert import_catalog().codes == 1
        code = PromotionCode.objects.get()
        assert (code.minimum_amount, code.minimum_currency, code.minimum_display) == (5000, "usd", "$50.00")
        for path in (LIST, f"{LIST}{quote(code.pk)}/change/"):
            assert "$50.00" in admin_client.get(path).content.decode()


class TestEventOfOneMadeInTheDashboard:
    @pytest.fixture
    def created(self, db: None, local_stripe: LocalStripe) -> dict[str, Any]:
        coupon = local_stripe.api.coupons.create({"percent_off": 10, "duration": "forever"})
        local_stripe.api.promotion_codes.create(
            {"code": "ALWAYS", "promotion": {"type": "coupon", "coupon": coupon.id}}
        )
        local_stripe.forget_calls()
        return local_stripe.events("promotion_code.created")[0]

    def test_brings_its_discount(self, client: Client, created: dict[str, Any], local_stripe: LocalStripe) -> None:
        assert deliver(client, created).status_code == 200
        assert PromotionCode.objects.get().discount_display == "10% off every payment"
        assert local_stripe.calls == [f"GET /v1/promotion_codes/{PromotionCode.objects.get().pk}"]

    def test_of_a_known_one_makes_no_call(
        self, client: Client, created: dict[str, Any], local_stripe: LocalStripe
    ) -> None:
        import_catalog()
        a_minute_ago = timezone.now() - timedelta(minutes=1)
        PromotionCode.objects.update(known_from=a_minute_ago, known_until=a_minute_ago)
        local_stripe.forget_calls()
        assert deliver(client, created).status_code == 200
        assert (PromotionCode.objects.get().discount_display, local_stripe.calls) == ("10% off every payment", [])

    def test_waits_for_stripe(self, client: Client, created: dict[str, Any], local_stripe: LocalStripe) -> None:
        local_stripe.control("faults", status=500, count=9, path="/v1/promotion_codes")
        assert deliver(client, created).status_code == 500
        local_stripe.control("faults")
        assert deliver(client, created).status_code == 200
        assert PromotionCode.objects.get().discount_display == "10% off every payment"


class TestStaffWhoMayOnlyLook:
    @pytest.fixture
    def viewer(self, client: Client, admin_client: Client, local_stripe: LocalStripe) -> Client:
        assert admin_client.post(ADD, form()).status_code == 302
        user = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename="view_promotioncode"))
        client.force_login(user)
        local_stripe.forget_calls()
        return client

    def test_make_no_codes(self, viewer: Client, local_stripe: LocalStripe) -> None:
        assert viewer.get(LIST).status_code == 200
        assert viewer.post(ADD, form(code="MINE")).status_code == 403
        assert (PromotionCode.objects.count(), local_stripe.calls) == (1, [])

    def test_archive_none(self, viewer: Client, local_stripe: LocalStripe) -> None:
        code = PromotionCode.objects.get()
        viewer.post(LIST, {"action": "archive", "_selected_action": [code.pk]})
        assert viewer.post(f"{LIST}{quote(code.pk)}/change/", form()).status_code == 403
        assert (PromotionCode.objects.get().active, local_stripe.calls) == (True, [])
