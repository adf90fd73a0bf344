import pytest
import stripe


@pytest.fixture
def trial_subscription(api, price):
    customer = api.customers.create({"email": "ada@example.com"})
    return api.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}], "trial_period_days": 7})


class TestExpand:
    def test_puts_the_object_in_place_of_its_id(self, api, product, price):
        shown = api.prices.retrieve(price.id, {"expand": ["product"]})

        assert shown.product.name == "Pro"
        assert api.prices.retrieve(price.id).product == product.id

    def test_goes_into_lists(self, api, product, price):
        page = api.prices.list({"expand": ["data.product"]})

        assert [each.product.id for each in page.data] == [product.id]

    def test_expands_within_embedded_objects(self, api, trial_subscription, product):
        shown = api.subscriptions.retrieve(trial_subscription.id, {"expand": ["items.data.price.product"]})

        assert shown["items"].data[0].price.product.id == product.id

    def test_follows_several_paths_that_share_a_beginning(self, api, trial_subscription):
        shown = api.subscriptions.retrieve(
            trial_subscription.id, {"expand": ["latest_invoice.customer", "latest_invoice.payments", "latest_invoice"]}
        )

        assert shown.latest_invoice.customer.email == "ada@example.com"
        assert shown.latest_invoice.payments.object == "list"

    def test_is_answered_when_creating_too(self, api, product):
        price = api.prices.create({"product": product.id, "currency": "usd", "unit_amount": 1, "expand": ["product"]})

        assert price.product.id == product.id

    def test_leaves_null_values_null(self, api, product):
        assert api.products.retrieve(product.id, {"expand": ["default_price.product"]}).default_price is None

    def test_shows_the_stub_of_a_deleted_customer(self, api, trial_subscription):
        api.customers.delete(trial_subscription.customer)

        shown = api.subscriptions.retrieve(trial_subscription.id, {"expand": ["customer"]})

        assert shown.customer.to_dict() == {"id": trial_subscription.customer, "object": "customer", "deleted": True}

    def test_takes_nothing_from_events(self, api, price):
        api.prices.update(price.id, {"nickname": "n", "expand": ["product"]})

        assert api.events.list({"type": "price.updated"}).data[0].data.object.product == price.product

    @pytest.mark.parametrize(
        "path",
        [
            "colour",
            "name",
            "metadata",
            "product.name",
            "product.default_price.colour",
            "data.product",
            "recurring",
            "id",
        ],
    )
    def test_refuses_members_that_cannot_be_expanded(self, api, price, path):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.prices.retrieve(price.id, {"expand": [path]})

        assert refused.value.http_status == 400
        assert refused.value.user_message == f"This property cannot be expanded ({path})."

    @pytest.mark.parametrize("path", ["product", "data", "data.colour", "data.latest_invoice.colour"])
    def test_refuses_a_wrong_path_into_a_list(self, api, trial_subscription, path):
        with pytest.raises(stripe.InvalidRequestError, match="This property cannot be expanded"):
            api.subscriptions.list({"expand": [path]})

    def test_goes_four_deep(self, api, price):
        four = "product.default_price.product.default_price"

        assert api.prices.retrieve(price.id, {"expand": [four]}).product.name == "Pro"
        with pytest.raises(stripe.InvalidRequestError, match="cannot expand more than 4 levels"):
            api.prices.retrieve(price.id, {"expand": [f"{four}.product"]})

    def test_undoes_a_creation_whose_expansion_is_refused(self, api, product):
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            api.customers.create({"name": "Ada", "expand": ["colour"]})

        assert api.customers.list().data == []


class TestExpandOnly:
    def test_is_left_out_unless_asked_for(self, api, trial_subscription):
        invoice = api.invoices.retrieve(trial_subscription.latest_invoice)

        assert "payments" not in invoice
        assert "confirmation_secret" not in invoice

    def test_comes_when_asked_for(self, api, trial_subscription):
        invoice = api.invoices.retrieve(trial_subscription.latest_invoice, {"expand": ["payments"]})

        assert invoice.payments.object == "list"


class TestMetadata:
    def test_keeps_metadata_keys_with_an_underscore(self, api):
        metadata = {"_secret": "1", "payments": "2"}

        assert api.customers.create({"metadata": metadata}).metadata.to_dict() == metadata
