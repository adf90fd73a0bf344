"""The whole life of a subscription over JSON, by each kind of body."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from billing.models import Price
from subscriptions.models import CheckoutSession
from tests.config.api.conftest import KINDS, Program
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", KINDS)
class TestWholeLife:
    def test_from_a_product_to_a_cancel(self, backend: Program, local_stripe: LocalStripe, kind: str) -> None:
        def ask(path: str, expected: int, **fields: Any) -> dict[str, Any]:
            answer = backend.post(path, kind=kind, **fields)
            assert answer.status_code == expected, answer.content
            body: dict[str, Any] = answer.json()
            return body

        small = ask("product", 201, prod_name="Small", unit_amount=1900)
        assert small == {
            "product_id": small["product_id"],
            "price_id": small["price_id"],
            "prod_name": "Small",
            "unit_amount": 1900,
            "currency": "usd",
            "interval": "month",
        }
        large = ask("product", 201, prod_name="Large", unit_amount=4900, interval="month", description="For many")
        customer = ask("createcustomer", 201, user_name="zoe", email="zoe@example.com")
        assert customer == {
            "customer_id": customer["customer_id"], "user_name": "zoe", "email": "zoe@example.com"
        }  # fmt: skip
        assert ask("createcustomer", 200, user_name="zoe", email="zoe@example.com") == customer
        session = ask("session", 201, user_name="zoe", price_id=small["price_id"])
        assert session == {
            "session_id": CheckoutSession.objects.get().stripe_id,
            "url": CheckoutSession.objects.get().url,
            "mode": "subscription",
            "subscription_id": None,
            "payment_id": None,
        }
        assert ask("session", 200, user_name="zoe", price_id=small["price_id"]) == session
        local_stripe.pay(session["session_id"])
        held = ask("getsubs", 200, user_name="zoe", session_id=session["session_id"])
        (bought,) = held["subscriptions"]
        assert held == {
            "user_name": "zoe",
            "customer_id": customer["customer_id"],
            "subscriptions": [bought],
            "payments": [],
            "session_id": session["session_id"],
        }
        assert (bought["status"], bought["price_id"], bought["prod_name"]) == ("active", small["price_id"], "Small")
        assert (bought["amount"], bought["interval"], bought["interval_count"]) == (1900, "month", 1)
        changed = ask("updatesub", 200, user_name="zoe", price_id=large["price_id"])
        assert changed["subscription_id"] == bought["subscription_id"]
        assert (changed["price_id"], changed["charged_now"]) == (large["price_id"], False)
        assert changed["current_period_end"] == bought["current_period_end"]
        assert ask("updatesub", 200, user_name="zoe", price_id=large["price_id"]) == changed
        ending = ask("cancel", 200, user_name="zoe", price_id=large["price_id"], at_period_end=True)
        assert (ending["status"], ending["cancel_at_period_end"], ending["gives_access"]) == ("active", True, True)
        assert ask("cancel", 200, user_name="zoe", price_id=large["price_id"], at_period_end=True) == ending
        ended = ask("cancel", 200, user_name="zoe", subscription_id=bought["subscription_id"])
        assert (ended["status"], ended["gives_access"]) == ("canceled", False)
        assert ask("cancel", 200, user_name="zoe", price_id=large["price_id"]) == ended
        assert not User.objects.get(username="zoe").has_usable_password()

    def test_of_a_purchase(self, ada: Program, book: Price, local_stripe: LocalStripe, kind: str) -> None:
        session = ada.post("session", kind=kind, price_id=book.pk).json()
        assert session["mode"] == "payment"
        local_stripe.pay(session["session_id"])
        held = ada.post("getsubs", kind=kind, session_id=session["session_id"]).json()
        (bought,) = held["payments"]
        assert (bought["status"], bought["amount"], bought["currency"]) == ("succeeded", 4900, "usd")
        assert (bought["price_id"], bought["gives_access"], bought["payment_id"][:3]) == (book.pk, True, "pi_")
        local_stripe.forget_calls()
        ended = ada.post("cancel", kind=kind, price_id=book.pk)
        assert (ended.status_code, ended.json()["gives_access"]) == (200, False)
        assert ended.json()["payment_id"] == bought["payment_id"]
        assert ada.post("cancel", kind=kind, price_id=book.pk).json() == ended.json()
        assert local_stripe.calls == []
        assert local_stripe.api.refunds.list().data == []
