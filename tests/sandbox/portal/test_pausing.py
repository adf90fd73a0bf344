"""Pause and resume a subscription in the billing portal, through the control and the pages."""

import pytest

from tests.sandbox.shop import error_of

INDEFINITE = {"enabled": True, "duration": {"type": "indefinite"}}


@pytest.fixture
def portal(shop, buyer):
    """Create a portal session with this pause feature; return its id."""

    def make(feature=INDEFINITE, **choices):
        configuration = shop.api.billing_portal.configurations.create({"features": {"subscription_pause": feature}})
        given = {"customer": buyer, "configuration": configuration.id, **choices}
        return shop.api.billing_portal.sessions.create(given).id

    return make


class TestPause:
    def test_lasts_until_the_customer_resumes(self, shop, paid_subscription, portal):
        session = portal()
        shop.forget_events()

        shop.control(f"portal/{session}", action="pause")

        assert shop.subscription(paid_subscription.id).status == "paused"
        assert "customer.subscription.paused" in shop.new_types()
        shop.advance(days=60)
        assert shop.subscription(paid_subscription.id).status == "paused"
        shop.control(f"portal/{session}", action="resume")
        assert shop.subscription(paid_subscription.id).status == "active"

    def test_ends_after_the_chosen_duration(self, shop, paid_subscription, portal):
        options = [{"interval": "week", "interval_count": 1}, {"interval": "month", "interval_count": 2}]
        session = portal({"enabled": True, "duration": {"type": "interval_options", "interval_options": options}})

        shop.control(f"portal/{session}", action="pause", duration=1)

        shop.advance(days=56)
        assert shop.subscription(paid_subscription.id).status == "paused"
        shop.advance(days=5)
        assert shop.subscription(paid_subscription.id).status == "active"

    def test_can_be_ended_earlier(self, shop, paid_subscription, portal):
        session = portal({"enabled": True})
        shop.control(f"portal/{session}", action="pause")
        shop.advance(days=3)

        shop.control(f"portal/{session}", action="resume")

        assert shop.subscription(paid_subscription.id).status == "active"

    def test_lasts_a_month_by_default(self, shop):
        made = shop.api.billing_portal.configurations.create({"features": {"subscription_pause": {"enabled": True}}})
        assert made.features.subscription_pause.to_dict() == {
            "duration": {
                "interval_options": [{"interval": "month", "interval_count": 1}],
                "type": "interval_options",
            },
            "enabled": True,
        }

    def test_is_made_on_the_page_of_a_flow(self, shop, paid_subscription, portal):
        flow = {"type": "subscription_pause", "subscription_pause": {"subscription": paid_subscription.id}}
        session = portal(flow_data=flow)
        page = shop.programs.get(f"/portal/{session}").headers["Location"]
        assert "It stays paused until you resume it." in shop.programs.get(page).text

        answer = shop.programs.post(page)

        assert answer.headers["Location"] == f"/portal/{session}?done=paused"
        assert shop.subscription(paid_subscription.id).status == "paused"
        assert "Resume" in shop.programs.get(answer.headers["Location"]).text

    def test_needs_the_feature(self, shop, paid_subscription, buyer):
        session = shop.api.billing_portal.sessions.create({"customer": buyer}).id
        assert shop.ask(f"portal/{session}", action="pause").status_code == 400

    def test_is_at_most_three_years(self, shop, portal):
        options = [{"interval": "year", "interval_count": 4}]
        refused = error_of(
            portal, {"enabled": True, "duration": {"type": "interval_options", "interval_options": options}}
        )
        assert refused.param == "features[subscription_pause][duration][interval_options][0][interval_count]"
