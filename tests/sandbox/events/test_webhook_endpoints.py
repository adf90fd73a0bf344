import pytest
import stripe

from sandbox.core.account import API_VERSION
from tests.sandbox.conftest import NOW
from tests.wording import starting

PARAMS = {"url": "https://shop.example/hook", "enabled_events": ["customer.created"]}


class TestCreate:
    def test_shows_the_secret_this_once(self, api):
        endpoint = api.webhook_endpoints.create({**PARAMS, "api_version": API_VERSION, "description": "Shop"})

        assert endpoint.secret == starting("whsec_")
        assert len(endpoint.secret) == len("whsec_") + 32
        expected = {
            "id": endpoint.id,
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": NOW,
            "description": "Shop",
            "enabled_events": ["customer.created"],
            "livemode": False,
            "metadata": {},
            "status": "enabled",
            "url": "https://shop.example/hook",
        }
        assert api.webhook_endpoints.retrieve(endpoint.id).to_dict() == expected
        assert [each.to_dict() for each in api.webhook_endpoints.list().data] == [expected]

    @pytest.mark.parametrize(
        ("params", "param"),
        [
            ({"url": "shop.example"}, "url"),
            ({"url": "ftp://shop.example"}, "url"),
            ({"url": "https://"}, "url"),
            ({"enabled_events": ["customer.vanished"]}, "enabled_events[0]"),
            ({"enabled_events": ["*", "customer.created"]}, "enabled_events"),
            ({"api_version": "1999-01-01"}, "api_version"),
        ],
    )
    def test_refuses_nonsense(self, api, params, param):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.webhook_endpoints.create({**PARAMS, **params})

        assert (refused.value.http_status, refused.value.param) == (400, param)
        assert api.webhook_endpoints.list().data == []

    def test_stops_at_sixteen(self, api):
        for number in range(16):
            api.webhook_endpoints.create({**PARAMS, "url": f"https://shop.example/{number}"})

        with pytest.raises(stripe.InvalidRequestError, match="maximum of 16"):
            api.webhook_endpoints.create(PARAMS)


class TestUpdate:
    def test_changes_what_may_change(self, api):
        endpoint = api.webhook_endpoints.create(PARAMS)

        updated = api.webhook_endpoints.update(
            endpoint.id,
            {
                "url": "http://127.0.0.1:8000/hook",
                "enabled_events": ["*"],
                "disabled": True,
                "description": "New",
                "metadata": {"a": "1"},
            },
        )

        assert (updated.url, updated.enabled_events) == ("http://127.0.0.1:8000/hook", ["*"])
        assert (updated.status, updated.description) == ("disabled", "New")
        assert updated.metadata.to_dict() == {"a": "1"}
        assert "secret" not in updated
        assert api.webhook_endpoints.update(endpoint.id, {"disabled": False}).status == "enabled"


class TestDelete:
    def test_leaves_nothing(self, api):
        endpoint = api.webhook_endpoints.create(PARAMS).id

        assert api.webhook_endpoints.delete(endpoint).deleted is True
        assert api.webhook_endpoints.list().data == []
        with pytest.raises(stripe.InvalidRequestError, match="No such webhook endpoint"):
            api.webhook_endpoints.retrieve(endpoint)
