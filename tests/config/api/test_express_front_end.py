"""A front end that was written for an Express server: seven POST paths and its field names, a base URL and a token."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.config.api.conftest import Program
from tests.fixtures import LocalStripe
from tests.wording import starting

pytestmark = pytest.mark.django_db

ENCODINGS = {"application/json": json.dumps, "application/x-www-form-urlencoded": urlencode}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_needs_a_base_url_and_a_token(backend: Program, local_stripe: LocalStripe, encoding: str) -> None:
    def post(path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        answer = backend.send(path, ENCODINGS[encoding](body), encoding)
        return answer.status_code, answer.json()

    status, small = post("product", {"prod_name": "Small", "unit_amount": 1900})
    assert (status, small["prod_name"], small["unit_amount"]) == (201, "Small", 1900)
    status, large = post("product", {"prod_name": "Large", "unit_amount": 3900})
    assert status == 201

    status, dearer = post("updateprod", {"prod_name": "Large", "unit_amount": 4900})
    assert (status, dearer["product_id"], dearer["unit_amount"]) == (200, large["product_id"], 4900)
    assert dearer["price_id"] != large["price_id"]

    status, zoe = post("createcustomer", {"user_name": "zoe", "email": "zoe@example.com"})
    assert (status, zoe["user_name"], zoe["email"]) == (201, "zoe", "zoe@example.com")
    assert zoe["customer_id"] == starting("cus_")

    status, session = post("session", {"user_name": "zoe", "prod_name": "Small"})
    assert (status, session["mode"], session["subscription_id"]) == (201, "subscription", None)
    local_stripe.pay(session["session_id"])

    status, held = post("getsubs", {"user_name": "zoe", "session_id": session["session_id"]})
    (bought,) = held["subscriptions"]
    assert (status, held["customer_id"], held["session_id"]) == (200, zoe["customer_id"], session["session_id"])
    assert (bought["status"], bought["prod_name"], bought["price_id"]) == ("active", "Small", small["price_id"])

    status, changed = post("updatesub", {"user_name": "zoe", "price_id": dearer["price_id"]})
    assert (status, changed["subscription_id"]) == (200, bought["subscription_id"])
    assert (changed["prod_name"], changed["unit_amount"], changed["charged_now"]) == ("Large", 4900, False)

    status, ended = post("cancel", {"user_name": "zoe", "price_id": dearer["price_id"]})
    assert (status, ended["subscription_id"]) == (200, bought["subscription_id"])
    assert (ended["status"], ended["gives_access"]) == ("canceled", False)
    (at_stripe,) = local_stripe.api.subscriptions.list({"status": "all"}).data
    assert (at_stripe.id, at_stripe.status) == (bought["subscription_id"], "canceled")
