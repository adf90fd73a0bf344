import pytest
import stripe

from tests.sandbox.conftest import NOW
from tests.wording import starting


class TestCreate:
    def test_answers_with_every_member(self, api):
        product = api.products.create({"name": "Pro", "metadata": {"plan": "pro"}, "images": ["https://x.example/p"]})

        assert product.id == starting("prod_")
        assert len(product.id) == len("prod_") + 14
        assert product.to_dict() == {
            "id": product.id,
            "object": "product",
            "active": True,
            "created": NOW,
            "default_price": None,
            "description": None,
            "images": ["https://x.example/p"],
            "livemode": False,
            "marketing_features": [],
            "metadata": {"plan": "pro"},
            "name": "Pro",
            "package_dimensions": None,
            "shippable": None,
            "statement_descriptor": None,
            "tax_code": None,
            "type": "service",
            "unit_label": None,
            "updated": NOW,
            "url": None,
        }

    def test_makes_the_default_price_in_the_same_call(self, api, event_types):
        product = api.products.create(
            {
                "name": "Pro",
                "default_price_data": {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "year"}},
                "expand": ["default_price"],
            }
        )

        assert product.default_price.unit_amount == 1900
        assert product.default_price.recurring.interval == "year"
        assert product.default_price.product == product.id
        assert event_types() == ["product.created", "price.created", "plan.created", "product.updated"]

    def test_takes_an_id_of_the_callers_once(self, api):
        assert api.products.create({"id": "gold", "name": "Gold"}).id == "gold"

        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.products.create({"id": "gold", "name": "Gold"})

        assert refused.value.code == "resource_already_exists"

    @pytest.mark.parametrize(
        ("params", "param", "message"),
        [
            ({}, "name", "Missing required param: name."),
            ({"name": " "}, "name", "You passed an empty string for 'name'. "),
            (
                {"name": "n" * 10_000},
                "name",
                "Invalid string: nnnnnnnnnn...nnnnnnnnnn; must be at most 250 characters",
            ),
            ({"name": "n", "statement_descriptor": "d" * 23}, "statement_descriptor", "Invalid string: "),
            (
                {"name": "n", "images": ["https://x"] * 9},
                "images",
                "Array images exceeded maximum 8 allowed elements.",
            ),
            (
                {"name": "n", "marketing_features": [{"name": "f" * 81}]},
                "marketing_features[0][name]",
                "Invalid string: ",
            ),
            ({"name": "n", "colour": "red"}, "colour", "Received unknown parameter: colour"),
            (
                {"name": "n", "default_price_data": {"currency": "usd", "unit_amount": -1}},
                "default_price_data[unit_amount]",
                "Invalid non-negative integer",
            ),
        ],
    )
    def test_refuses_and_writes_nothing(self, api, event_types, params, param, message):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.products.create(params)

        assert refused.value.http_status == 400
        assert refused.value.param == param
        assert refused.value.user_message == starting(message)
        assert api.products.list().data == []
        assert event_types() == []


class TestUpdate:
    def test_merges_metadata_and_unsets_with_an_empty_text(self, api):
        product = api.products.create({"name": "Pro", "description": "Good", "metadata": {"a": "1", "b": "2"}})

        updated = api.products.update(product.id, {"description": "", "metadata": {"a": "", "c": "3"}})

        assert updated.description is None
        assert updated.metadata.to_dict() == {"b": "2", "c": "3"}
        assert api.products.update(product.id, {"metadata": ""}).metadata.to_dict() == {}

    def test_names_the_previous_attributes(self, api, control, product):
        control("clock", advance=60)

        api.products.update(product.id, {"name": "Max", "marketing_features": [{"name": "Fast"}]})

        event = api.events.list({"type": "product.updated"}).data[0]
        assert event.data.object.name == "Max"
        assert event.data.previous_attributes.to_dict() == {
            "name": "Pro",
            "marketing_features": [],
            "updated": NOW,
        }

    def test_records_no_event_when_nothing_changes(self, api, control, product, event_types):
        control("clock", advance=60)

        assert api.products.update(product.id, {"name": "Pro"}).updated == NOW
        assert event_types() == ["product.created"]

    def test_takes_a_price_of_its_own_as_default(self, api, product, price):
        assert api.products.update(product.id, {"default_price": price.id}).default_price == price.id

    def test_refuses_the_price_of_another_product(self, api, price):
        other = api.products.create({"name": "Other"})

        with pytest.raises(stripe.InvalidRequestError, match="does not belong to this product") as refused:
            api.products.update(other.id, {"default_price": price.id})

        assert refused.value.param == "default_price"
        assert api.products.retrieve(other.id).default_price is None

    def test_refuses_an_empty_name(self, api, product):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.products.update(product.id, {"name": ""})

        assert refused.value.code == "parameter_invalid_empty"


class TestDelete:
    def test_leaves_nothing_to_retrieve_or_list(self, api, product, event_types):
        deleted = api.products.delete(product.id)

        assert deleted.to_dict() == {"id": product.id, "object": "product", "deleted": True}
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.products.retrieve(product.id)
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
        assert api.products.list().data == []
        assert event_types() == ["product.created", "product.deleted"]

    def test_is_refused_when_there_are_prices(self, api, product, price):
        with pytest.raises(stripe.InvalidRequestError, match="it has one or more user-created prices"):
            api.products.delete(product.id)

        assert api.products.retrieve(product.id).name == "Pro"


class TestList:
    @pytest.fixture
    def products(self, api):
        return {
            "plain": api.products.create({"name": "Plain"}).id,
            "archived": api.products.create({"name": "Archived", "active": False}).id,
            "good": api.products.create({"name": "Good", "type": "good", "shippable": True}).id,
            "linked": api.products.create({"name": "Linked", "url": "https://x.example"}).id,
        }

    @pytest.mark.parametrize(
        ("params", "found"),
        [
            ({}, ["linked", "good", "archived", "plain"]),
            ({"active": True}, ["linked", "good", "plain"]),
            ({"active": False}, ["archived"]),
            ({"type": "good"}, ["good"]),
            ({"shippable": True}, ["good"]),
            ({"url": "https://x.example"}, ["linked"]),
            ({"created": NOW}, ["linked", "good", "archived", "plain"]),
            ({"created": {"gt": NOW}}, []),
        ],
    )
    def test_filters(self, api, products, params, found):
        assert [product.id for product in api.products.list(params).data] == [products[name] for name in found]

    def test_finds_products_by_id(self, api, products):
        wanted = [products["plain"], products["good"], "prod_unknown"]

        assert [product.name for product in api.products.list({"ids": wanted}).data] == ["Good", "Plain"]
