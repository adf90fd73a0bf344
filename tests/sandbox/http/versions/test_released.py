import logging

import pytest

from sandbox.core.account import API_VERSION
from sandbox.core.errors import ApiError
from sandbox.http.versions import released

BEARER = {"Authorization": "Bearer sk_test_any"}


class TestCheck:
    @pytest.mark.parametrize(
        "version",
        [
            "2011-01-01",
            "2020-08-27",
            "2024-06-20",
            "2024-06-20; custom_checkout_beta=v1",
            "2024-09-30.acacia",
            "2025-02-24.acacia",
            "2025-03-31.basil",
            "2025-03-31.preview",
            "2025-10-29.clover",
            "2026-08-26.dahlia",
            API_VERSION,
        ],
    )
    def test_takes_released_versions(self, version):
        assert released.check(version) == version

    @pytest.mark.parametrize(
        "version",
        [
            "",
            "newest",
            "2010-12-31",
            "2024-13-01",
            "2023-02-29",
            "2025-03-31",
            "2020-08-27.acacia",
            "2020-08-27.preview",
            "2025-03-31.clover",
            "2025-03-31.basil.preview",
            "2026-10-29.endive",
            "2099-01-01",
        ],
    )
    def test_refuses_versions_that_stripe_never_released(self, version):
        with pytest.raises(ApiError) as refusal:
            released.check(version)

        assert refusal.value.status == 400
        assert refusal.value.message == (
            f"Invalid Stripe API version: {version}. The newest version that this sandbox knows is {API_VERSION}."
        )


class TestAnswer:
    def test_names_the_version_that_was_asked_for_and_the_one_of_its_shape(self, http_client):
        answer = http_client.get("/v1/customers", headers={**BEARER, "Stripe-Version": "2024-06-20"})

        assert answer.status_code == 200
        assert answer.headers["Stripe-Version"] == "2024-06-20"
        assert answer.headers["Sandbox-Answered-Version"] == API_VERSION

    def test_names_the_sdks_version_alone_if_no_other_was_asked_for(self, http_client):
        for headers in (BEARER, {**BEARER, "Stripe-Version": API_VERSION}):
            answer = http_client.get("/v1/customers", headers=headers)

            assert (answer.status_code, answer.headers["Stripe-Version"]) == (200, API_VERSION)
            assert "Sandbox-Answered-Version" not in answer.headers

    def test_refuses_nonsense_before_anything_happens(self, http_client):
        answer = http_client.post("/v1/customers", headers={**BEARER, "Stripe-Version": "2099-01-01"})

        assert answer.status_code == 400
        assert answer.get_json()["error"]["type"] == "invalid_request_error"
        assert http_client.get("/v1/customers", headers=BEARER).get_json()["data"] == []

    def test_each_other_version_is_logged_once(self, http_client, caplog):
        with caplog.at_level(logging.INFO, logger="sandbox"):
            for version in ("2024-06-20", "2020-08-27", "2024-06-20", API_VERSION):
                http_client.get("/v1/customers", headers={**BEARER, "Stripe-Version": version})

        assert caplog.messages == [
            f"A program asks for API version 2024-06-20; it is answered in {API_VERSION}.",
            f"A program asks for API version 2020-08-27; it is answered in {API_VERSION}.",
        ]
