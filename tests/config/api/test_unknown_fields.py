"""Fields that an endpoint does not have, and single values given twice: 422 by name, for every endpoint there is.

The endpoints and their fields are read from the OpenAPI description, so that a new one is tested without a line here.
"""

import json
from typing import Any

import pytest

from billing.api.request_bodies import FORM_TYPES
from billing.models import Price
from config.api.urls import api
from subscriptions.models import Subscription
from tests.config.api.conftest import KINDS, Program, refused
from tests.config.api.test_callers import counted
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

JSON_TYPE, URLENCODED = "application/json", FORM_TYPES[0]
OPERATIONS = {
    (method, path.removeprefix("/api/")): operation
    for path, methods in api.get_openapi_schema(path_prefix="/api/")["paths"].items()  # type: ignore[attr-defined]
    for method, operation in methods.items()
}
POSTS = [path for method, path in OPERATIONS if method == "post"]
GETS = [path for method, path in OPERATIONS if method == "get"]


def fields_of(path: str) -> dict[str, Any]:
    content: dict[str, Any] = OPERATIONS["post", path]["requestBody"]["content"][JSON_TYPE]
    return dict(content["schema"]["properties"])


def sample_of(path: str) -> dict[str, Any]:
    return dict(OPERATIONS["post", path]["requestBody"]["content"][JSON_TYPE]["example"])


FIELDS = [(path, name) for path in POSTS for name in fields_of(path)]


@pytest.fixture(autouse=True)
def _nothing_happens(backend: Program, price: Price, subscription: Subscription, local_stripe: LocalStripe) -> Any:
    local_stripe.forget_calls()
    before = counted(), Subscription.objects.get().status
    yield
    assert ((counted(), Subscription.objects.get().status), local_stripe.calls) == (before, [])


@pytest.mark.parametrize("path", POSTS)
class TestUnknownFields:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "name",
        ["cancel_at_period_end", "User_Name", "user_name ", "user_name[]", "cls", "body", "ł\U0001f600"],
    )
    def test_are_refused_by_name(self, backend: Program, path: str, kind: str, name: str) -> None:
        error = refused(backend.post(path, kind=kind, **{**sample_of(path), name: "true"}), 422, "bad_input")
        assert list(error["fields"]) == [name.strip() if kind == "multipart" else name]

    @pytest.mark.parametrize("kind", KINDS)
    def test_are_refused_when_empty(self, backend: Program, path: str, kind: str) -> None:
        answer = backend.post(path, kind=kind, **{**sample_of(path), "colour": ""})
        assert list(refused(answer, 422, "bad_input")["fields"]) == ["colour"]

    def test_are_told_which_there_are(self, backend: Program, path: str) -> None:
        error = refused(backend.post(path, **sample_of(path), colour=None), 422, "bad_input")
        assert error["fields"] == {"colour": f"There is no such field here. There are: {', '.join(fields_of(path))}."}

    def test_are_refused_in_the_address(self, backend: Program, path: str) -> None:
        for query in ("colour=blue", "user_name=ada", "at_period_end=true", "price_id=", "cls=1"):
            answer = backend.send(f"{path}?{query}", json.dumps(sample_of(path)))
            assert list(refused(answer, 422, "bad_input")["fields"]) == [query.partition("=")[0]]

    def test_are_not_all_repeated(self, backend: Program, path: str) -> None:
        sent = {f"{number}{'x' * 5000}": 1 for number in range(50)}
        answer = backend.post(path, **sample_of(path), **sent)
        assert len(refused(answer, 422, "bad_input")["fields"]) == 20
        assert len(answer.content) < 20_000

    def test_are_refused_as_files(self, backend: Program, path: str) -> None:
        for name in ("colour", next(iter(fields_of(path)))):
            part = 'Content-Disposition: form-data; name="%s"; filename="f"\r\nContent-Type: text/plain'
            body = f"--x\r\n{part % name}\r\n\r\nada\r\n--x--\r\n"
            answer = backend.send(path, body, "multipart/form-data; boundary=x")
            assert list(refused(answer, 422, "bad_input")["fields"]) == [name]


@pytest.mark.parametrize("path", GETS)
def test_what_a_get_does_not_read_is_refused(backend: Program, path: str) -> None:
    for query in ("colour=blue", "user_name=ada", "cls=1", "colour=blue&colour=red"):
        answer = backend.get(f"{path}?{query}")
        assert list(refused(answer, 422, "bad_input")["fields"]) == [query.partition("=")[0]]


@pytest.mark.parametrize(("path", "name"), FIELDS)
class TestSingleValues:
    def test_given_as_a_list(self, backend: Program, path: str, name: str) -> None:
        sample = sample_of(path)
        for value in ([sample.get(name, "x")], [sample.get(name, "x"), "y"], [], {"a": 1}):
            error = refused(backend.post(path, **{**sample, name: value}), 422, "bad_input")
            assert list(error["fields"]) == [name]

    @pytest.mark.parametrize("second", ["same", "other"])
    def test_given_twice(self, backend: Program, path: str, name: str, second: str) -> None:
        sample = sample_of(path)
        first = str(sample.pop(name, "x"))
        twice = [(name, first), (name, first if second == "same" else "other")]
        as_json = (
            "{" + ", ".join(f"{json.dumps(key)}: {json.dumps(to)}" for key, to in [*sample.items(), *twice]) + "}"
        )
        as_form = "&".join(f"{key}={to}" for key, to in [*sample.items(), *twice])
        for answer in (backend.send(path, as_json), backend.send(path, as_form, URLENCODED)):
            assert refused(answer, 422, "bad_input")["fields"] == {name: "This is given more than once."}


def test_a_name_given_twice_inside_a_value(backend: Program) -> None:
    answer = backend.send("getsubs", '{"user_name": {"a": 1, "a": 2}}')
    assert refused(answer, 422, "bad_input")["fields"] == {"a": "This is given more than once."}
