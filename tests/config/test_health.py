"""The answer for load balancers."""

from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

pytestmark = pytest.mark.django_db


def broken(*_: Any) -> NoReturn:
    raise OperationalError("the server closed the connection")


class TestHealthz:
    def test_is_200_when_the_database_answers(
        self, client: Client, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        with django_assert_num_queries(1):
            response = client.get("/healthz")
        assert response.status_code == 200
        assert response.json() == {"status": "ok"}
        assert "no-store" in response["Cache-Control"]

    @pytest.mark.only_on("sqlite", "postgresql")  # Django's hook for queries does not reach MongoDB's.
    def test_is_503_when_it_does_not(self, client: Client) -> None:
        with connection.execute_wrapper(broken):
            response = client.get("/healthz")
        assert response.status_code == 503
        assert response.json() == {"status": "unavailable"}
        assert "no-store" in response["Cache-Control"]

    def test_may_be_asked_without_a_body(self, client: Client) -> None:
        response = client.head("/healthz")
        assert (response.status_code, response.content) == (200, b"")

    def test_takes_nothing(self, client: Client) -> None:
        assert client.post("/healthz").status_code == 405

    def test_is_answered_without_tls(self, client: Client, settings: Any) -> None:
        settings.SECURE_SSL_REDIRECT = True
        assert client.get("/healthz").status_code == 200
        assert client.get("/").status_code == 301
