"""Change the plan or the quantity in the billing portal, through the portal's control."""

import pytest

from tests.sandbox.shop import at, error_of


@pytest.fixture
def product(shop):
    return shop.api.products.create({"name": "Pro"}).id


@pytest.fixture
def make_price(shop, product):
    """Create a price of the product; by default monthly."""

    def make(amount, *, interval="month", **choices):
        given = {"product": product, "currency": "usd", "unit_amount": amount, "recurring": {"interval": interval}}
        return shop.api.prices.create(given | choices).id

    return make


@pytest.fixture
def basic(make_price):
    return make_price(1900)


@pytest.fixture
def more(make_price):
    return make_price(4900)


@pytest.fixture
def yearly(make_price):
    return make_price(19000, interval="year")


@pytest.fixture
def subscription(shop, buyer, basic):
    return shop.subscribed(basic, customer=buyer)


@pytest.fixture
def feature(product, basic, more, yearly):
    """The settings of a portal that lets customers choose among the prices, and 1 to 10 of them."""
    limits = {"enabled": True, "minimum": 1, "maximum": 10}
    return {
        "enabled": True,
        "default_allowed_updates": ["price", "quantity"],
        "products": [{"product": product, "prices": [basic, more, yearly], "adjustable_quantity": limits}],
        "proration_behavior": "always_invoice",
    }


@pytest.fixture
def configure(shop, feature):
    def make(**changes):
        return shop.api.billing_portal.configurations.create({"features": {"subscription_update": feature | changes}})

    return make


@pytest.fixture
def act(shop, buyer, configure):
    """Change the plan in a new portal session; return the JSON, or status and message of a refusal."""

    def act(*, settings=None, **body):
        configuration = configure(**(settings or {})).id
        session = shop.api.billing_portal.sessions.create({"customer": buyer, "configuration": configuration}).id
        answer = shop.ask(f"portal/{session}", action="update", **body)
        return answer.get_json() if answer.status_code == 200 else (answer.status_code, answer.get_json()["error"])

    return act


class TestConfiguration:
    def test_keeps_the_products(self, configure, product, basic, more, yearly):
        update = configure().features.subscription_update
        assert update.to_dict() == {
            "billing_cycle_anchor": None,
            "default_allowed_updates": ["price", "quantity"],
            "enabled": True,
            "products": [
                {
                    "adjustable_quantity": {"enabled": True, "maximum": 10, "minimum": 1},
                    "prices": [basic, more, yearly],
                    "product": product,
                }
            ],
            "proration_behavior": "always_invoice",
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": "end_trial",
        }

    def test_records_events(self, shop, configure):
        made = configure()
        shop.forget_events()

        shop.api.billing_portal.configurations.update(
            made.id, {"features": {"subscription_update": {"enabled": True, "proration_behavior": "none"}}}
        )

        [event] = shop.new_events()
        assert event["type"] == "billing_portal.configuration.updated"
        before = event["data"]["previous_attributes"]["features"]["subscription_update"]
        assert before == {"proration_behavior": "always_invoice"}

    @pytest.mark.parametrize(
        ("changes", "param"),
        [
            ({"products": None}, "products"),
            ({"default_allowed_updates": None}, "default_allowed_updates"),
        ],
    )
    def test_needs_products_and_updates(self, shop, feature, changes, param):
        given = {name: value for name, value in (feature | changes).items() if value is not None}
        refused = error_of(shop.api.billing_portal.configurations.create, {"features": {"subscription_update": given}})
        assert (refused.code, refused.param) == ("parameter_missing", f"features[subscription_update][{param}]")

    def test_refuses_a_price_of_another_product(self, shop, configure, product):
        other = shop.price()
        refused = error_of(configure, products=[{"product": product, "prices": [other]}])
        assert refused.param == "features[subscription_update][products][0][prices][0]"


class TestPlan:
    def test_is_changed_and_paid_at_once(self, shop, subscription, act, more):
        shop.move_to(at("2027-02-14 10:30"))
        shop.forget_events()

        changed = act(price=more)

        assert changed["items"]["data"][0]["price"]["id"] == more
        latest = shop.invoices(subscription)[-1]
        assert (latest.status, latest.billing_reason) == ("paid", "subscription_update")
        assert latest.amount_paid == 1500  # Half of 30.00 more.
        assert "customer.subscription.updated" in shop.new_types()

    def test_waits_for_the_period_to_end_if_it_costs_less(self, shop, buyer, act, basic, more):
        expensive = shop.subscribed(more, customer=buyer)

        act(settings={"schedule_at_period_end": {"conditions": [{"type": "decreasing_item_amount"}]}}, price=basic)

        waiting = shop.subscription(expensive.id)
        assert waiting["items"].data[0].price.id == more
        assert waiting.schedule is not None
        shop.move_to(at("2027-02-28 10:31"))
        assert shop.subscription(expensive.id)["items"].data[0].price.id == basic
        assert shop.invoices(expensive)[-1].amount_paid == 1900

    def test_waits_if_the_interval_is_shorter(self, shop, buyer, act, basic, yearly):
        long = shop.subscribed(yearly, customer=buyer)

        act(settings={"schedule_at_period_end": {"conditions": [{"type": "shortening_interval"}]}}, price=basic)

        assert shop.subscription(long.id)["items"].data[0].price.id == yearly

    def test_ends_the_trial(self, shop, buyer, act, basic, more):
        trial = shop.subscribed(basic, customer=buyer, subscription_data={"trial_period_days": 14})

        act(price=more)

        after = shop.subscription(trial.id)
        assert (after.status, shop.invoices(after)[-1].amount_paid) == ("active", 4900)

    def test_keeps_the_trial_if_configured(self, shop, buyer, act, basic, more):
        trial = shop.subscribed(basic, customer=buyer, subscription_data={"trial_period_days": 14})

        act(settings={"trial_update_behavior": "continue_trial"}, price=more)

        after = shop.subscription(trial.id)
        assert (after.status, after["items"].data[0].price.id) == ("trialing", more)

    def test_stays_if_the_card_is_declined(self, shop, subscription, act, basic, more):
        card = shop.api.payment_methods.attach("pm_card_chargeCustomerFail", {"customer": subscription.customer})
        shop.api.subscriptions.update(subscription.id, {"default_payment_method": card.id})

        status, error = act(price=more)

        assert (status, error["code"]) == (402, "card_declined")
        assert shop.subscription(subscription.id)["items"].data[0].price.id == basic


class TestQuantity:
    def test_is_changed(self, shop, subscription, act):
        act(quantity=3)
        assert shop.subscription(subscription.id)["items"].data[0].quantity == 3

    def test_is_kept_in_its_limits(self, subscription, act):
        status, error = act(quantity=11)
        assert (status, error["message"], error["param"]) == (400, "The quantity must be from 1 to 10.", "quantity")

    def test_can_be_fixed(self, subscription, act):
        status, error = act(settings={"default_allowed_updates": ["price"]}, quantity=3)
        assert (status, error["param"]) == (400, "quantity")


class TestRefusals:
    def test_of_a_price_that_is_not_offered(self, shop, subscription, act):
        status, error = act(price=shop.price(700))
        assert (status, error["param"]) == (400, "price")

    def test_of_the_present_plan(self, subscription, act, basic):
        status, error = act(price=basic)
        assert (status, error["message"]) == (400, "This is your present plan.")

    def test_of_a_subscription_that_is_set_to_end(self, shop, subscription, act, more):
        shop.api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
        status, error = act(price=more)
        assert (status, error["message"]) == (400, "This subscription is set to end. Keep it first.")

    def test_of_a_subscription_with_several_items(self, shop, buyer, act, basic, more):
        shop.subscribed(basic, shop.price(500, name="Support"), customer=buyer)
        status, error = act(price=more)
        assert (status, error["message"]) == (400, "Subscriptions with several items can't be changed here.")
