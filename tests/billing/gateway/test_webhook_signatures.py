"""Webhook verification: any request that Stripe did not sign is rejected with a reason, never another error."""

import json
import time
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from billing import gateway
from billing.errors import StripeMisconfigured
from billing.gateway import WebhookRejected
from tests.fixtures import WEBHOOK_SECRET, sign

BODY = json.dumps(
    {
        "id": "evt_1",
        "object": "event",
        "type": "product.created",
        "created": 1_795_176_000,
        "api_version": "2026-10-28.endive",
        "data": {"object": {"id": "prod_1", "object": "product", "name": "Ünïcøde 😀"}},
    },
    ensure_ascii=False,
)
UNTRUSTED = "The signature is missing, wrong or too old."
NO_EVENT = "The body is not an event."


def reason(body: bytes, signature: str) -> str:
    with pytest.raises(WebhookRejected) as rejection:
        gateway.verified_event(body, signature)
    return str(rejection.value)


def reason_for_signed(text: str) -> str:
    return reason(text.encode(), sign(text))


class TestAccepted:
    def test_gives_the_event_and_its_payload(self) -> None:
        event, payload = gateway.verified_event(BODY.encode(), sign(BODY))
        assert (event.id, event.type) == ("evt_1", "product.created")
        assert event.object["name"] == "Ünïcøde 😀"
        assert payload == json.loads(BODY)

    @pytest.mark.parametrize("secret", ["whsec_old", "whsec_new"])
    def test_while_secrets_are_rotated_either_will_do(self, settings: Settings, secret: str) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_old", "whsec_new"]
        event, _ = gateway.verified_event(BODY.encode(), sign(BODY, secret=secret))
        assert event.id == "evt_1"

    def test_one_good_signature_among_several_is_enough(self) -> None:
        timestamp, good = sign(BODY).split(",")
        event, _ = gateway.verified_event(BODY.encode(), f"{timestamp},v1={'0' * 64},{good},v0=abc")
        assert event.id == "evt_1"

    def test_up_to_five_minutes_old(self) -> None:
        recent = int(time.time()) - 290
        assert gateway.verified_event(BODY.encode(), sign(BODY, timestamp=recent))[0].id == "evt_1"


class TestNotTrusted:
    @pytest.mark.parametrize(
        "signature",
        [
            "",
            " ",
            "garbage",
            "t=,v1=",
            "t=1",
            "v1=" + "0" * 64,
            "t=now,v1=" + "0" * 64,
            f"t={10**18},v1=" + "0" * 64,
            "t=" + "9" * 5000 + ",v1=" + "0" * 64,
            "t=" + "9" * 4000 + ",v1=" + "0" * 64,
            "t=-1,v1=" + "0" * 64,
            "t=1,v1=\xe9\xe8",
            "t=1,v1=😀",
            "t=\N{ARABIC-INDIC DIGIT ONE},v1=" + "0" * 64,
            "t=1,v1=" + "0" * 100_000,
            "=" * 1000,
            "," * 1000,
            "t=1,v1=\x00",
        ],
    )
    def test_a_signature_that_is_none(self, signature: str) -> None:
        assert reason(BODY.encode(), signature) == UNTRUSTED

    def test_another_secrets_signature(self) -> None:
        assert reason(BODY.encode(), sign(BODY, secret="whsec_other")) == UNTRUSTED

    def test_another_bodys_signature(self) -> None:
        assert reason(BODY.replace("prod_1", "prod_2").encode(), sign(BODY)) == UNTRUSTED

    def test_another_seconds_signature(self) -> None:
        now = int(time.time())
        assert reason(BODY.encode(), sign(BODY, timestamp=now).replace(str(now), str(now + 1))) == UNTRUSTED

    def test_a_truncated_body(self) -> None:
        assert reason(BODY.encode()[:-20], sign(BODY)) == UNTRUSTED

    def test_a_body_with_more_behind_it(self) -> None:
        assert reason(BODY.encode() + b" ", sign(BODY)) == UNTRUSTED

    def test_an_old_one_sent_again(self) -> None:
        stale = int(time.time()) - 310
        assert reason(BODY.encode(), sign(BODY, timestamp=stale)) == UNTRUSTED

    def test_an_old_scheme(self) -> None:
        assert reason(BODY.encode(), sign(BODY).replace("v1=", "v0=")) == UNTRUSTED

    def test_an_empty_secret_proves_nothing(self, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = [" "]
        assert reason(BODY.encode(), sign(BODY, secret=" ")) == UNTRUSTED

    def test_a_secret_taken_away(self, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new"]
        assert reason(BODY.encode(), sign(BODY)) == UNTRUSTED

    @pytest.mark.parametrize("body", [b"\xff\xfe", b"{\x80}", BODY.encode("utf-16"), BODY.encode()[:-20] + b"\xf0"])
    def test_a_body_that_is_not_utf_8(self, body: bytes) -> None:
        assert reason(body, sign(BODY)) == "The body is not UTF-8."


class TestSignedButNoEvent:
    @pytest.mark.parametrize("text", ["", "x", "{", BODY[:-1], BODY + "}", "\x00", "{'id': 1}", "\ufeff" + BODY])
    def test_not_json(self, text: str) -> None:
        assert reason_for_signed(text) == NO_EVENT

    @pytest.mark.parametrize("text", ["[]", f"[{BODY}]", "null", "true", "7", '"evt_1"', "NaN"])
    def test_not_an_object(self, text: str) -> None:
        assert reason_for_signed(text) == "The body is not a JSON object."

    @pytest.mark.parametrize(
        "changes",
        [
            {"id": None},
            {"id": ["evt_1"]},
            {"id": "e" * 300},
            {"type": None},
            {"created": "soon"},
            {"created": 10**40},
            {"data": None},
            {"data": {}},
            {"data": {"object": []}},
            {"object": "v2.core.event", "data": None},
        ],
    )
    def test_not_an_events_members(self, changes: dict[str, Any]) -> None:
        assert reason_for_signed(json.dumps(json.loads(BODY) | changes)) == NO_EVENT

    @pytest.mark.parametrize("name", ["id", "object", "data"])
    def test_a_name_given_twice(self, name: str) -> None:
        twice = BODY.rstrip().removesuffix("}") + f', "{name}": {json.dumps(json.loads(BODY)[name])}}}'
        assert reason_for_signed(twice) == f"The body is not an event: “{name}” is given more than once."

    def test_a_name_given_twice_inside(self) -> None:
        assert "“a” is given more" in reason_for_signed(BODY.replace('"data":', '"more": {"a": 1, "a": 1}, "data":'))

    @pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
    def test_nested_without_end(self, text: str) -> None:
        assert reason_for_signed(text) == NO_EVENT

    def test_a_number_without_end(self) -> None:
        assert reason_for_signed(BODY.replace("1795176000", "1" * 5000)) == NO_EVENT


class TestNoSecret:
    def test_refuses_all_and_names_the_setting(self, settings: Settings) -> None:
        settings.STRIPE_WEBHOOK_SECRETS = []
        with pytest.raises(StripeMisconfigured) as failure:
            gateway.verified_event(BODY.encode(), sign(BODY))
        assert (failure.value.setting, failure.value.message) == ("STRIPE_WEBHOOK_SECRET", "No webhook secret is set.")

    def test_the_suite_has_one(self, settings: Settings) -> None:
        assert settings.STRIPE_WEBHOOK_SECRETS == [WEBHOOK_SECRET]
