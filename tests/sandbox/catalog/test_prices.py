from decimal import Decimal

import pytest
import stripe

from tests.sandbox.conftest import NOW
from tests.wording import starting


@pytest.fixture
def create_price(api, product):
    """Create a price of the product: 19.00 USD, or as `params` say."""

    def make(**params):
        return api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1900, **params})

    return make


class TestCreate:
    def test_answers_with_every_member(self, create_price, product):
        price = create_price(recurring={"interval": "month", "trial_period_days": 7}, nickname="Monthly")

        assert price.to_dict() == {
            "id": price.id,
            "object": "price",
            "active": True,
            "billing_scheme": "per_unit",
            "created": NOW,
            "currency": "usd",
            "custom_unit_amount": None,
            "livemode": False,
            "lookup_key": None,
            "metadata": {},
            "nickname": "Monthly",
            "product": product.id,
            "recurring": {
                "interval": "month",
                "interval_count": 1,
                "meter": None,
                "trial_period_days": 7,
                "usage_type": "licensed",
            },
            "tax_behavior": "unspecified",
            "tiers_mode": None,
            "transform_quantity": None,
            "type": "recurring",
            "unit_amount": 1900,
            "unit_amount_decimal": Decimal(1900),
        }

    def test_without_an_interval_it_is_paid_once(self, create_price):
        price = create_price()

        assert (price.type, price.recurring) == ("one_time", None)

    def test_takes_currencies_in_any_case(self, create_price):
        assert create_price(currency="JPY").currency == "jpy"

    def test_keeps_a_fraction_of_a_cent(self, api, product):
        price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount_decimal": Decimal("0.25")})

        assert (price.unit_amount, price.unit_amount_decimal) == (None, Decimal("0.25"))

    def test_makes_a_product_on_the_spot(self, api, event_types):
        price = api.prices.create({"product_data": {"name": "Ad hoc"}, "currency": "usd", "unit_amount": 100})

        assert api.products.retrieve(price.product).name == "Ad hoc"
        assert event_types() == ["product.created", "price.created"]

    @pytest.mark.parametrize(
        ("params", "param", "message"),
        [
            ({"unit_amount": -1}, "unit_amount", "Invalid non-negative integer"),
            ({"unit_amount": 100_000_000}, "unit_amount", "Invalid integer: 100000000 must be no more than 99999999."),
            ({"unit_amount": "19.5"}, "unit_amount", "Invalid integer: 19.5"),
            (
                {"currency": "xxx"},
                "currency",
                "Invalid currency: xxx. Stripe currently supports these currencies: usd, ",
            ),
            ({"product": "prod_no"}, "product", "No such product: 'prod_no'"),
            ({"product_data": {"name": "n"}}, None, "You must specify either `product` or `product_data` when "),
            ({"unit_amount_decimal": "1.5"}, None, "You may only specify one of these parameters: unit_amount, "),
            (
                {"recurring": {"interval": "hour"}},
                "recurring[interval]",
                "Invalid recurring[interval]: must be one of ",
            ),
            (
                {"recurring": {"interval": "month", "interval_count": 37}},
                "recurring[interval_count]",
                "Invalid interval_count: 37",
            ),
            (
                {"tiers_mode": "volume"},
                "tiers_mode",
                "You can only specify `tiers_mode` with ",
            ),
        ],
    )
    def test_refuses_and_writes_nothing(self, api, create_price, params, param, message):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            create_price(**params)

        assert refused.value.http_status == 400
        assert refused.value.param == param
        assert refused.value.user_message == starting(message)
        assert api.prices.list().data == []
        assert len(api.products.list().data) == 1

    def test_needs_an_amount(self, api, product):
        with pytest.raises(stripe.InvalidRequestError, match="require an `unit_amount` or `unit_amount_decimal`"):
            api.prices.create({"product": product.id, "currency": "usd"})


class TestLookupKey:
    def test_belongs_to_one_price(self, create_price):
        first = create_price(lookup_key="pro")

        with pytest.raises(
            stripe.InvalidRequestError, match=f"A price \\(`{first.id}`\\) already uses that lookup key"
        ):
            create_price(lookup_key="pro")

    def test_can_be_transferred(self, api, create_price, event_types):
        first = create_price(lookup_key="pro")

        second = create_price(lookup_key="pro", transfer_lookup_key=True)

        assert second.lookup_key == "pro"
        assert api.prices.retrieve(first.id).lookup_key is None
        assert [price.id for price in api.prices.list({"lookup_keys": ["pro"]}).data] == [second.id]
        assert event_types()[-2:] == ["price.updated", "price.created"]


class TestUpdate:
    def test_changes_what_may_change(self, api, create_price):
        price = create_price(metadata={"a": "1"})

        updated = api.prices.update(price.id, {"nickname": "Old", "active": False, "metadata": {"b": "2"}})

        assert (updated.nickname, updated.active) == ("Old", False)
        assert updated.metadata.to_dict() == {"a": "1", "b": "2"}
        previous = api.events.list({"type": "price.updated"}).data[0].data.previous_attributes
        assert previous.to_dict() == {"nickname": None, "active": True, "metadata": {"b": None}}

    def test_never_changes_the_amount(self, api, price):
        with pytest.raises(stripe.InvalidRequestError, match="Received unknown parameter: unit_amount"):
            api.prices.update(price.id, {"unit_amount": 1})

    def test_does_not_archive_the_default_price(self, api, product, price):
        api.products.update(product.id, {"default_price": price.id})

        with pytest.raises(stripe.InvalidRequestError, match="because it is the default price of its product"):
            api.prices.update(price.id, {"active": False})

        assert api.prices.retrieve(price.id).active is True

    def test_tells_of_the_plan_too(self, api, price, event_types):
        api.prices.update(price.id, {"active": False})

        assert event_types()[-2:] == ["price.updated", "plan.updated"]
        assert api.events.list({"type": "plan.updated"}).data[0].data.previous_attributes.to_dict() == {"active": True}

    def test_keeps_a_tax_behavior_once_set(self, api, price):
        api.prices.update(price.id, {"tax_behavior": "inclusive"})

        with pytest.raises(stripe.InvalidRequestError, match="cannot be changed once set"):
            api.prices.update(price.id, {"tax_behavior": "exclusive"})


class TestList:
    @pytest.fixture
    def prices(self, api, create_price):
        other = api.products.create({"name": "Other"}).id
        return {
            "once": create_price().id,
            "monthly": create_price(recurring={"interval": "month"}).id,
            "yearly": create_price(recurring={"interval": "year"}, lookup_key="year").id,
            "yen": create_price(currency="jpy").id,
            "archived": create_price(active=False).id,
            "other": create_price(product=other).id,
        }

    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({}, ["other", "yen", "yearly", "monthly", "once"]),
            ({"active": False}, ["archived"]),
            ({"type": "recurring"}, ["yearly", "monthly"]),
            ({"recurring": {"interval": "year"}}, ["yearly"]),
            ({"recurring": {"usage_type": "licensed"}}, ["yearly", "monthly"]),
            ({"currency": "jpy"}, ["yen"]),
            ({"lookup_keys": ["year", "none"]}, ["yearly"]),
        ],
    )
    def test_filters(self, api, prices, params, found):
        assert [price.id for price in api.prices.list(params).data] == [prices[name] for name in found]

    def test_finds_the_prices_of_a_product(self, api, prices, product):
        found = [price.id for price in api.prices.list({"product": product.id, "limit": 2}).data]

        assert found == [prices["yen"], prices["yearly"]]
