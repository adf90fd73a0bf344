"""Bad input, in every kind of body: 422 naming the field, nothing written and nothing sent."""

import json
from typing import Any

import pytest

from billing.models import Price, Product
from subscriptions.models import CheckoutSession
from tests.config.api.conftest import KINDS, Program, refused
from tests.config.api.endpoints import POSTS
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

NEW: dict[str, Any] = {"prod_name": "New", "unit_amount": 900}
MEGABYTE = 1024 * 1024


def assert_nothing_made(local_stripe: LocalStripe) -> None:
    assert (Product.objects.count(), CheckoutSession.objects.count(), local_stripe.calls) == (0, 0, [])


class TestAmounts:
    @pytest.mark.parametrize(
        "amount",
        ["1900", 19.0, 19.5, -1, 100_000_000, 10**30, True, None, [1900], {"a": 1}, "", "ten", 1e3],
        ids=str,
    )
    def test_of_the_wrong_kind_in_json(self, backend: Program, local_stripe: LocalStripe, amount: Any) -> None:
        answer = backend.post("product", **{**NEW, "unit_amount": amount})
        assert list(refused(answer, 422, "bad_input")["fields"]) == ["unit_amount"]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
    @pytest.mark.parametrize("amount", ["19.0", "-1", "100000000", "9" * 30, "ten", "1e3", "", "٣", "1_900", " 1"])
    def test_of_the_wrong_kind_in_a_form(
        self, backend: Program, local_stripe: LocalStripe, kind: str, amount: str
    ) -> None:
        answer = backend.post("product", kind=kind, **{**NEW, "unit_amount": amount})
        assert list(refused(answer, 422, "bad_input")["fields"]) == ["unit_amount"]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
    def test_digits_in_a_form_are_a_number(self, backend: Program, kind: str) -> None:
        answer = backend.post("product", kind=kind, prod_name="New", unit_amount="1900", interval_count="3")
        assert (answer.status_code, answer.json()["unit_amount"]) == (201, 1900)
        assert Price.objects.get().interval_count == 3

    @pytest.mark.parametrize(("currency", "amount"), [("kwd", 1901), ("isk", 150)])
    def test_that_a_currency_does_not_have(
        self, backend: Program, local_stripe: LocalStripe, currency: str, amount: int
    ) -> None:
        answer = backend.post("product", prod_name="New", unit_amount=amount, currency=currency)
        assert "in steps of" in refused(answer, 422, "bad_input")["fields"]["unit_amount"]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_nothing_are_free(self, backend: Program, kind: str) -> None:
        assert backend.post("product", kind=kind, prod_name="Free", unit_amount=0).json()["unit_amount"] == 0


class TestFields:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("currency", "xxx1"),
            ("currency", "zzz"),
            ("currency", "us"),
            ("interval", "fortnight"),
            ("interval_count", 0),
            ("interval_count", 37),
            ("interval_count", "many"),
            ("trial_days", 731),
            ("trial_days", -1),
            ("prod_name", "   "),
            ("prod_name", "x" * 251),
            ("description", "x" * 5001),
        ],
    )
    def test_of_a_product(
        self, backend: Program, local_stripe: LocalStripe, kind: str, field: str, value: Any
    ) -> None:
        answer = backend.post("product", kind=kind, **{**NEW, field: value})
        assert list(refused(answer, 422, "bad_input")["fields"]) == [field]
        assert_nothing_made(local_stripe)

    def test_a_trial_of_a_one_time_price(self, backend: Program, local_stripe: LocalStripe) -> None:
        answer = backend.post("product", **NEW, interval="one_time", trial_days=7)
        assert refused(answer, 422, "bad_input")["fields"] == {"trial_days": "A one-time price has no trial."}
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize(
        ("path", "fields", "wrong"),
        [
            ("product", {}, ["prod_name", "unit_amount"]),
            ("updateprod", {}, ["prod_name"]),
            ("session", {}, ["price_id"]),
            ("session", {"price_id": "price_1", "mode": "gift"}, ["mode"]),
            ("session", {"price_id": "price_1", "quantity": 0}, ["quantity"]),
            ("session", {"price_id": "price_1", "quantity": 1000}, ["quantity"]),
            ("session", {"price_id": 7}, ["price_id"]),
            ("cancel", {}, ["subscription_id"]),
            ("cancel", {"price_id": "price_1", "at_period_end": "soon"}, ["at_period_end"]),
            ("updatesub", {}, ["price_id"]),
            ("getsubs", {"session_id": ""}, ["session_id"]),
            ("createcustomer", {"user_name": "ada lovelace"}, ["user_name"]),
            ("createcustomer", {"user_name": "x" * 151}, ["user_name"]),
            ("createcustomer", {"user_name": "zoe"}, ["email"]),
            ("createcustomer", {"user_name": "zoe", "email": "zoe"}, ["email"]),
            ("createcustomer", {"user_name": "zoe", "email": f"{'x' * 250}@example.com"}, ["email"]),
        ],
    )
    def test_that_are_missing_or_wrong(
        self, backend: Program, local_stripe: LocalStripe, path: str, fields: dict[str, Any], wrong: list[str]
    ) -> None:
        assert list(refused(backend.post(path, **fields), 422, "bad_input")["fields"]) == wrong
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("path", POSTS)
    @pytest.mark.parametrize("text", ["a\0b", "\ud800"])
    def test_that_no_database_holds(self, backend: Program, local_stripe: LocalStripe, path: str, text: str) -> None:
        for field in POSTS[path]:
            if isinstance(POSTS[path][field], str):
                answer = backend.post(path, **{**POSTS[path], field: text})
                assert list(refused(answer, 422, "bad_input")["fields"]) == [field]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
    def test_a_null_byte_in_a_form(self, backend: Program, local_stripe: LocalStripe, kind: str) -> None:
        name = "a%00b" if kind == "urlencoded" else "a\0b"
        refused(backend.post("product", kind=kind, prod_name=name, unit_amount=900), 422, "bad_input")
        assert_nothing_made(local_stripe)

    def test_given_twice_in_a_form(self, backend: Program, local_stripe: LocalStripe) -> None:
        answer = backend.send("product", "prod_name=A&prod_name=B&unit_amount=1", "application/x-www-form-urlencoded")
        assert refused(answer, 422, "bad_input")["fields"] == {"prod_name": "This is given more than once."}
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", ["urlencoded", "multipart"])
    def test_in_another_alphabet_in_a_form(self, backend: Program, local_stripe: LocalStripe, kind: str) -> None:
        if kind == "urlencoded":
            answer = backend.send("product", "prod_name=%ff%fe&unit_amount=1", "application/x-www-form-urlencoded")
        else:
            part = b'--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
            body = part % (b"prod_name", b"\xff\xfe") + part % (b"unit_amount", b"1") + b"--x--\r\n"
            answer = backend.send("product", body, "multipart/form-data; boundary=x")
        assert refused(answer, 422, "bad_input")["fields"] == {"prod_name": "This is not UTF-8."}
        assert_nothing_made(local_stripe)

    def test_null_and_an_empty_form_field_are_left_out(self, backend: Program) -> None:
        assert backend.post("product", **NEW, description=None, trial_days=None).status_code == 201
        other = backend.post(
            "product", kind="urlencoded", prod_name="B", unit_amount=100, description="", trial_days=""
        )
        assert other.status_code == 201


@pytest.mark.parametrize("path", POSTS)
class TestBodies:
    @pytest.mark.parametrize(
        "body",
        ["{", "[]", "null", "7", '"text"', "prod_name=New", '{"a": NaN}', "[" * 100_000, b"\xff\xfe\xfa", "9" * 5000],
        ids=range(10),
    )
    def test_that_are_no_json_object(
        self, backend: Program, local_stripe: LocalStripe, path: str, body: str | bytes
    ) -> None:
        assert list(refused(backend.send(path, body), 422, "bad_input")["fields"]) == ["body"]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", ["text/plain", "application/xml", "application/octet-stream", "nonsense"])
    def test_of_a_kind_that_is_not_known(
        self, backend: Program, local_stripe: LocalStripe, path: str, kind: str
    ) -> None:
        error = refused(backend.send(path, json.dumps(POSTS[path]), kind), 422, "bad_input")
        assert "Send application/json" in error["fields"]["body"]
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("multipart/form-data", "no boundary"),
            ("application/x-www-form-urlencoded; charset=latin-1", "a=1"),
            ("multipart/form-data; boundary=x", "--y\r\nnonsense"),
            ("application/x-www-form-urlencoded", "&".join(f"a{n}=1" for n in range(1001))),
        ],
    )
    def test_that_are_no_form(
        self, backend: Program, local_stripe: LocalStripe, path: str, kind: str, body: str
    ) -> None:
        refused(backend.send(path, body, kind), 422, "bad_input")
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize(
        "last",
        [
            "Content-Disposition: form-data\r\n\r\ntrue\r\n--x--\r\n",
            "X-Disposition: form-data; name=colour\r\n\r\ntrue\r\n--x--\r\n",
            "Content-Disposition: form-da",
            "Content-Disposition: form-data; name=colour\r\n\r\ntr",
        ],
        ids=["no name", "no disposition", "cut off in a header", "cut off in a value"],
    )
    def test_with_a_part_that_is_lost(self, backend: Program, local_stripe: LocalStripe, path: str, last: str) -> None:
        """What is left would be done without it: cancelled now, and not at the end of the period."""
        part = '--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        fields = {name: value for name, value in POSTS[path].items() if value is not None}
        body = "".join(part % each for each in fields.items()) + f"--x\r\n{last}"
        error = refused(backend.send(path, body, "multipart/form-data; boundary=x"), 422, "bad_input")
        assert error["fields"] == {"body": "The form can't be read: a part has no name, or the end is missing."}
        assert_nothing_made(local_stripe)

    @pytest.mark.parametrize("kind", KINDS)
    def test_of_ten_megabytes(self, backend: Program, local_stripe: LocalStripe, path: str, kind: str) -> None:
        error = refused(backend.post(path, kind=kind, prod_name="x" * 10 * MEGABYTE), 422, "bad_input")
        assert error["fields"] == {"body": f"The body is larger than {MEGABYTE} bytes."}
        assert_nothing_made(local_stripe)
