"""Bodies whose length is not told: read whole, and no further than the limit."""

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import RequestFactory
from django.utils import timezone

from billing.models import Product
from config.wsgi import application
from subscriptions.customers import api_tokens
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """Keep the test's connection to the database, and what it has not committed, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def ask(user: User, body: bytes, **environ: Any) -> tuple[int, dict[str, Any]]:
    """What the application that gunicorn serves answers to a product asked for in this body, sent in chunks."""
    token = api_tokens.create(user=user, name="test", now=timezone.now())[1]
    sent = RequestFactory().post("/api/product", content_type="application/json").environ
    del sent["CONTENT_LENGTH"]
    sent |= {
        "HTTP_AUTHORIZATION": f"Bearer {token}", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(body),
        "wsgi.input_terminated": True, "SERVER_NAME": "127.0.0.1", **environ,
    }  # fmt: skip
    statuses: list[str] = []
    answer = b"".join(application(sent, lambda status, _: statuses.append(status)))
    return int(statuses[0][:3]), json.loads(answer)


class TestChunkedBody:
    def test_is_read(self, staff: User, local_stripe: LocalStripe) -> None:
        status, made = ask(staff, b'{"prod_name": "Pro", "unit_amount": 900}')
        assert (status, made["prod_name"]) == (201, "Pro")
        assert Product.objects.get().name == "Pro"

    def test_that_is_too_long_is_refused(self, staff: User, local_stripe: LocalStripe) -> None:
        body = b'{"prod_name": "' + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE + b'"}'
        status, failure = ask(staff, body)
        assert (status, list(failure["error"]["fields"])) == (422, ["body"])
        assert not Product.objects.exists()

    def test_with_a_length_is_read_as_far_as_that(self, staff: User, local_stripe: LocalStripe) -> None:
        body = b'{"prod_name": "Pro", "unit_amount": 900}'
        assert ask(staff, body + b"more", CONTENT_LENGTH=str(len(body)))[0] == 201

    def test_of_a_server_that_does_not_end_it_is_left_alone(self, staff: User, local_stripe: LocalStripe) -> None:
        """Reading on would wait for ever."""
        status, failure = ask(staff, b'{"prod_name": "Pro"}', **{"wsgi.input_terminated": False})
        assert (status, failure["error"]["code"]) == (422, "bad_input")
