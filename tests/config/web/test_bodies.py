"""What a request may send is bounded before anything of it is read, and nothing of it lies on disk."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.core.files import uploadedfile
from django.test import Client

from subscriptions.models import WebhookEvent
from tests.config.api.conftest import refused
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

LARGE = 5 * 1024 * 1024
PAGES = ["/accounts/login/", "/accounts/signup/", "/accounts/password_reset/", "/admin/login/", "/buy/price_1/"]


class Unread(io.BytesIO):
    """A body of which nothing may be read."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")


@pytest.fixture(autouse=True)
def _no_file_is_made(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[Any] = []
    monkeypatch.setattr(uploadedfile.tempfile, "NamedTemporaryFile", lambda *given, **more: made.append(given))
    yield
    assert made == []


def send_unread(client: Client, address: str, content_type: str, **headers: str) -> Any:
    request = {
        "CONTENT_LENGTH": str(LARGE),
        "CONTENT_TYPE": content_type,
        "REQUEST_METHOD": "POST",
        "PATH_INFO": address,
        "wsgi.input": Unread(),
    }
    return client.request(**request, **headers)


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
class TestLargeBodies:
    @pytest.mark.parametrize("address", PAGES)
    def test_of_forms(self, client: Client, address: str, kind: str) -> None:
        assert send_unread(client, address, kind).status_code == 400

    def test_of_webhooks(self, client: Client, kind: str) -> None:
        assert send_unread(client, "/stripe/webhook/", kind).status_code == 400
        assert WebhookEvent.objects.count() == 0

    @pytest.mark.parametrize("path", ["cancel", "me", "nothing"])
    def test_of_the_api(self, customer_client: Client, local_stripe: LocalStripe, path: str, kind: str) -> None:
        for headers in ({}, {"HTTP_AUTHORIZATION": "Bearer sot_x"}):
            error = refused(send_unread(customer_client, f"/api/{path}", kind, **headers), 422, "bad_input")
            assert error["fields"] == {"body": "The body is larger than 1048576 bytes."}
        assert local_stripe.calls == []


def test_a_file_within_the_bound_stays_in_memory(client: Client) -> None:
    file = io.BytesIO(b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 1000))
    file.name = "f"
    assert client.post("/accounts/login/", {"username": "ada", "file": file}).status_code == 200
