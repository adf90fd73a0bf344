import pytest
import stripe

from tests.sandbox.shop import error_of, ids

CALLS = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}


@pytest.fixture
def meter(shop):
    """Create a meter for the events `calls`."""

    def make(formula="sum", **choices):
        return shop.api.billing.meters.create({**CALLS, "default_aggregation": {"formula": formula}, **choices})

    return make


@pytest.fixture
def report(shop, buyer):
    """Report the buyer's usage."""

    def send(value=1, **choices):
        payload = {"stripe_customer_id": buyer, "value": str(value)}
        return shop.api.billing.meter_events.create({"event_name": "calls", "payload": payload, **choices})

    return send


class TestMeters:
    def test_have_every_member(self, shop, meter):
        made = meter()

        assert made.to_dict() == {
            "id": made.id,
            "object": "billing.meter",
            "created": shop.now,
            "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
            "default_aggregation": {"formula": "sum"},
            "display_name": "Calls",
            "event_name": "calls",
            "event_time_window": None,
            "livemode": False,
            "status": "active",
            "status_transitions": {"deactivated_at": None},
            "updated": shop.now,
            "value_settings": {"event_payload_key": "value"},
        }

    def test_are_stopped_and_started_again_with_events(self, shop, meter):
        made = meter().id
        shop.api.billing.meters.update(made, {"display_name": "API calls"})
        stopped = shop.api.billing.meters.deactivate(made)
        running = shop.api.billing.meters.reactivate(made)

        assert (stopped.status, stopped.status_transitions.deactivated_at) == ("inactive", shop.now)
        assert (running.status, running.status_transitions.deactivated_at) == ("active", None)
        assert [event["type"] for event in shop.events() if "meter" in event["type"]] == [
            "billing.meter.created",
            "billing.meter.updated",
            "billing.meter.deactivated",
            "billing.meter.reactivated",
        ]

    def test_share_no_event_name_while_active(self, shop, meter):
        first = meter()

        assert "already an active meter" in error_of(meter).user_message
        shop.api.billing.meters.deactivate(first.id)
        second = meter()

        assert ids(shop.api.billing.meters.list({"status": "active"})) == [second.id]
        assert "already an active meter" in error_of(shop.api.billing.meters.reactivate, first.id).user_message


class TestEvents:
    def test_show_what_was_sent(self, shop, meter, report, buyer):
        meter()

        sent = report(25, identifier="first")

        assert sent.to_dict() == {
            "object": "billing.meter_event",
            "created": shop.now,
            "event_name": "calls",
            "identifier": "first",
            "livemode": False,
            "payload": {"stripe_customer_id": buyer, "value": "25"},
            "timestamp": shop.now,
        }

    @pytest.mark.parametrize(
        ("choices", "code"),
        [
            ({"event_name": "no"}, "no_meter"),
            ({"payload": {"value": "1"}}, "meter_event_no_customer_defined"),
            ({"payload": {"stripe_customer_id": "cus_no", "value": "1"}}, "meter_event_customer_not_found"),
            ({"timestamp": 1_700_000_000}, "timestamp_too_far_in_past"),
            ({"timestamp": 1_900_000_000}, "timestamp_in_future"),
            ({"value": "1.5"}, "meter_event_invalid_value"),
        ],
    )
    def test_are_refused(self, shop, meter, report, choices, code):
        meter()

        refused = error_of(report, **choices)

        assert (refused.http_status, refused.code) == (400, code)

    def test_are_taken_once_by_identifier_within_a_day(self, shop, meter, report):
        meter()
        report(identifier="one")

        refused = error_of(report, identifier="one")
        shop.advance(days=2)
        report(identifier="one")

        assert refused.user_message == "An event already exists with identifier one."

    def test_are_canceled_by_identifier(self, shop, meter, report, buyer):
        made = meter()
        report(5, identifier="wrong")
        report(2)

        cancel = {"type": "cancel", "event_name": "calls", "cancel": {"identifier": "wrong"}}
        adjustment = shop.api.billing.meter_event_adjustments.create(cancel)

        assert (adjustment.status, adjustment.cancel.identifier) == ("complete", "wrong")
        assert summaries(shop, made, buyer) == [2]

    def test_are_refused_by_a_stopped_meter(self, shop, meter, report):
        shop.api.billing.meters.deactivate(meter().id)

        with pytest.raises(stripe.InvalidRequestError, match="No active meter found for event name 'calls'"):
            report()


def summaries(shop, meter, customer, *, hours=24, **choices):
    start = shop.now // 3600 * 3600
    times = {"customer": customer, "start_time": start, "end_time": start + hours * 3600, **choices}
    return [each.aggregated_value for each in shop.api.billing.meters.event_summaries.list(meter.id, times)]


class TestSummaries:
    @pytest.mark.parametrize(("formula", "value"), [("sum", 12), ("count", 3), ("last", 2)])
    def test_aggregate_by_the_formula(self, shop, meter, report, buyer, *, formula, value):
        made = meter(formula)
        report(7)
        report(3)
        report(2)

        assert summaries(shop, made, buyer) == [value]

    def test_are_grouped_by_hour_newest_first(self, shop, meter, report, buyer):
        made = meter()
        report(1)
        report(4, timestamp=shop.now - 3600)
        report(2)
        start = shop.now // 3600 * 3600

        times = {"customer": buyer, "start_time": start - 7200, "end_time": start + 3600}
        found = shop.api.billing.meters.event_summaries.list(made.id, {**times, "value_grouping_window": "hour"})

        assert [(each.start_time, each.end_time, each.aggregated_value) for each in found] == [
            (start, start + 3600, 3),
            (start - 3600, start, 4),
        ]

    def test_need_aligned_times(self, shop, meter, buyer):
        made = meter()

        refused = error_of(
            shop.api.billing.meters.event_summaries.list,
            made.id,
            {"customer": buyer, "start_time": 30, "end_time": 60},
        )

        assert refused.user_message == "`start_time` must be aligned with minute boundaries."
