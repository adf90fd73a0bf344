import pytest

from tests.sandbox.shop import error_of, ids

STRANGE_IDS = ["Gold/month", "gold $5 plan", "50%+tax", "a b/c?d#e", "ünïcode"]


@pytest.fixture
def create_plan(shop):
    """Create a plan of 5.00 USD a month, or as `choices` say."""

    def make(**choices):
        terms = {"currency": "usd", "amount": 500, "interval": "month", "product": {"name": "Gold"}}
        return shop.api.plans.create({**terms, **choices})

    return make


class TestCreate:
    def test_answers_with_every_member(self, shop, create_plan):
        plan = create_plan(id="gold", nickname="Old gold", trial_period_days=7)

        assert plan.to_dict(for_json=True) == {
            "id": "gold",
            "object": "plan",
            "active": True,
            "amount": 500,
            "amount_decimal": "500",
            "billing_scheme": "per_unit",
            "created": shop.now,
            "currency": "usd",
            "interval": "month",
            "interval_count": 1,
            "livemode": False,
            "metadata": {},
            "meter": None,
            "nickname": "Old gold",
            "product": plan.product,
            "tiers_mode": None,
            "transform_usage": None,
            "trial_period_days": 7,
            "usage_type": "licensed",
        }
        assert shop.api.products.retrieve(plan.product).name == "Gold"

    @pytest.mark.parametrize("plan_id", STRANGE_IDS)
    def test_makes_a_price_with_the_same_id_whatever_its_shape(self, shop, create_plan, plan_id):
        create_plan(id=plan_id)

        price = shop.api.prices.retrieve(plan_id)
        assert (price.id, price.unit_amount, price.type) == (plan_id, 500, "recurring")
        assert shop.api.plans.retrieve(plan_id).id == plan_id
        assert shop.api.prices.update(plan_id, {"nickname": "Renamed"}).nickname == "Renamed"
        assert ids(shop.api.prices.list()) == [plan_id]

    @pytest.mark.parametrize("plan_id", STRANGE_IDS)
    def test_can_be_subscribed_to(self, shop, create, create_plan, plan_id):
        create_plan(id=plan_id)

        subscription = create(plan_id)

        item = subscription["items"].data[0]
        assert (item.price.id, item.plan.id) == (plan_id, plan_id)
        assert shop.invoices(subscription)[0].total == 500

    def test_refuses_an_id_twice(self, create_plan):
        create_plan(id="gold")

        refused = error_of(create_plan, id="gold")

        assert (refused.code, refused.user_message) == ("resource_already_exists", "Plan already exists.")

    def test_takes_tiers_and_packages(self, shop, create_plan):
        tiers = [{"up_to": 10, "unit_amount": 100}, {"up_to": "inf", "unit_amount": 50}]
        terms = {"product": {"name": "Gold"}, "currency": "usd", "interval": "month"}
        tiered = {"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": tiers}
        plan = shop.api.plans.create({**terms, **tiered, "expand": ["tiers"]})
        package = create_plan(transform_usage={"divide_by": 10, "round": "up"})

        assert [(tier.up_to, tier.unit_amount) for tier in plan.tiers] == [(10, 100), (None, 50)]
        assert package.transform_usage.to_dict() == {"divide_by": 10, "round": "up"}


class TestLife:
    def test_changes_and_lists_with_its_price(self, shop, create_plan):
        plan = create_plan()
        shop.price(interval=None)

        shop.api.plans.update(plan.id, {"active": False, "metadata": {"old": "yes"}, "trial_period_days": 3})

        price = shop.api.prices.retrieve(plan.id)
        assert (price.active, price.metadata.to_dict(), price.recurring.trial_period_days) == (
            False,
            {"old": "yes"},
            3,
        )
        assert ids(shop.api.plans.list()) == [plan.id]
        assert ids(shop.api.plans.list({"active": True})) == []

    def test_is_deleted_with_its_price_and_its_subscriptions_go_on(self, shop, create, create_plan):
        plan = create_plan(id="Gold/month")
        subscription = create(plan.id)
        shop.forget_events()

        stub = shop.api.plans.delete(plan.id)
        shop.advance(days=29)

        assert stub.to_dict() == {"id": "Gold/month", "object": "plan", "deleted": True}
        assert shop.new_types()[:2] == ["plan.deleted", "price.deleted"]
        assert error_of(shop.api.prices.retrieve, plan.id).code == "resource_missing"
        assert error_of(shop.api.plans.retrieve, plan.id).user_message == "No such plan: 'Gold/month'"
        assert [invoice.total for invoice in shop.invoices(subscription)] == [500, 500]

    def test_knows_no_one_time_price(self, shop):
        price = shop.price(interval=None)

        assert error_of(shop.api.plans.retrieve, price).user_message == f"No such plan: '{price}'"
