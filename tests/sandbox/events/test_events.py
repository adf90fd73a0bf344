import pytest
import stripe

from sandbox.app import Sandbox
from sandbox.core.account import API_VERSION
from sandbox.transport import InProcessClient
from tests.sandbox.conftest import NOW

DAY = 86400


class TestEvent:
    def test_names_the_request_that_caused_it(self, api):
        customer = api.customers.create({"name": "Ada"}, {"idempotency_key": "key-1"})

        event = api.events.list().data[0]
        assert event.to_dict() == {
            "id": event.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": NOW,
            "data": {"object": customer.to_dict()},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": customer.last_response.request_id, "idempotency_key": "key-1"},
            "type": "customer.created",
        }
        assert api.events.retrieve(event.id).to_dict() == event.to_dict()

    def test_keeps_the_object_as_it_was(self, api):
        customer = api.customers.create({"name": "Ada"})
        api.customers.update(customer.id, {"name": "Grace"})

        updated, created = api.events.list().data
        assert created.data.object.name == "Ada"
        assert updated.data.object.name == "Grace"
        assert "previous_attributes" not in created.data

    def test_has_no_cause_when_time_is_the_cause(self, api, control, price):
        customer = api.customers.create().id
        api.subscriptions.create({"customer": customer, "items": [{"price": price.id}], "trial_period_days": 7})

        control("clock", advance=5 * DAY)

        event = api.events.list({"type": "customer.subscription.trial_will_end"}).data[0]
        assert event.request.to_dict() == {"id": None, "idempotency_key": None}
        assert event.created == NOW + 4 * DAY

    def test_is_made_in_the_accounts_own_version(self):
        sandbox = Sandbox(api_version="2024-06-20")
        api = stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1
        api.customers.create()

        assert api.events.list().data[0].api_version == "2024-06-20"


class TestList:
    @pytest.fixture
    def three_events(self, api):
        """customer.created, customer.updated, product.created."""
        customer = api.customers.create()
        api.customers.update(customer.id, {"name": "Ada"})
        api.products.create({"name": "Pro"})

    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({}, ["product.created", "customer.updated", "customer.created"]),
            ({"type": "customer.created"}, ["customer.created"]),
            ({"type": "customer.*"}, ["customer.updated", "customer.created"]),
            ({"type": "*"}, ["product.created", "customer.updated", "customer.created"]),
            ({"type": "custom"}, []),
            ({"types": ["product.created", "customer.created"]}, ["product.created", "customer.created"]),
            ({"types": ["invoice.paid"]}, []),
            ({"delivery_success": True}, ["product.created", "customer.updated", "customer.created"]),
            ({"delivery_success": False}, []),
            ({"created": {"gt": NOW}}, []),
        ],
    )
    def test_filters(self, api, three_events, params, found):
        assert [event.type for event in api.events.list(params).data] == found

    def test_goes_on_before_a_cursor(self, api, three_events):
        oldest = api.events.list().data[-1].id

        walked = api.events.list({"ending_before": oldest, "limit": 1}).auto_paging_iter()

        assert [event.type for event in walked] == ["customer.updated", "product.created"]

    @pytest.mark.parametrize(
        "params",
        [{"type": "a", "types": ["b"]}, {"types": [f"t{number}" for number in range(21)]}],
    )
    def test_takes_one_type_or_twenty(self, api, params):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.events.list(params)

        assert refused.value.param == "types"

    def test_forgets_after_thirty_days(self, api, control):
        api.customers.create()
        event = api.events.list().data[0].id

        control("clock", advance=30 * DAY)
        assert [each.id for each in api.events.list().data] == [event]
        control("clock", advance=1)
        assert api.events.list().data == []
        assert api.events.list({"created": {"gte": NOW}}).data == []
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.events.retrieve(event)
        assert refused.value.code == "resource_missing"

    def test_forgotten_event_is_gone_from_the_state_and_no_cursor(self, api, control, http_client):
        api.customers.create()
        old = api.events.list().data[0].id
        control("clock", advance=31 * DAY)

        assert http_client.get("/_sandbox/state").get_json()["objects"] == {"customer": 1}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.events.list({"ending_before": old})
        assert (refused.value.http_status, refused.value.param) == (400, "ending_before")


class TestShuffle:
    def made(self, api):
        """Make ten events in each of two seconds; return the names of their objects as listed."""
        return [event.data.object.name for event in api.events.list({"limit": 100}).auto_paging_iter()]

    def test_mixes_the_events_of_one_second_but_no_others(self, api, control):
        control("webhooks", shuffle=True, seed=7)
        for name in "abcdefghij":
            api.customers.create({"name": name})
        control("clock", advance=1)
        for name in "ABCDEFGHIJ":
            api.customers.create({"name": name})

        listed = self.made(api)

        assert sorted(listed[:10]) == list("ABCDEFGHIJ")
        assert sorted(listed[10:]) == list("abcdefghij")
        assert listed[10:] not in (list("abcdefghij"), list("jihgfedcba"))

    def test_mixes_alike_for_the_same_seed(self):
        orders = []
        for seed in (1, 1, 2):
            sandbox = Sandbox(real_time=lambda: NOW)
            api = stripe.StripeClient("sk_test_suite", http_client=InProcessClient(sandbox)).v1
            sandbox.account.store.save_setting("webhooks", {"shuffle": True, "seed": seed})
            for name in "abcdefghij":
                api.customers.create({"name": name})
            orders.append(self.made(api))

        assert orders[0] == orders[1] != orders[2]

    def test_cursors_hold_in_any_order(self, api, control):
        control("webhooks", shuffle=True)
        for name in "abcdefghij":
            api.customers.create({"name": name})

        one_by_one = [event.data.object.name for event in api.events.list({"limit": 1}).auto_paging_iter()]

        assert one_by_one == self.made(api)
