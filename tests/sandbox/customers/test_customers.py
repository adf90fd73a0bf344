import pytest
import stripe

from tests.sandbox.conftest import NOW
from tests.wording import starting


@pytest.fixture
def named_customer(api):
    return api.customers.create({"email": "Ada@example.com", "name": "Ada", "metadata": {"user": "1"}})


class TestEmptyText:
    """Stripe removes these by an empty text, though the SDK does not declare it."""

    @pytest.mark.parametrize("name", ["name", "email", "phone", "description"])
    def test_removes_a_text(self, api, named_customer, name):
        api.customers.update(named_customer.id, {name: "a@example.com"})

        assert api.customers.update(named_customer.id, {name: ""})[name] is None

    def test_removes_the_default_payment_method(self, api, named_customer):
        method = api.payment_methods.attach("pm_card_visa", {"customer": named_customer.id})
        default = {"default_payment_method": method.id}
        api.customers.update(named_customer.id, {"invoice_settings": default})

        changed = api.customers.update(named_customer.id, {"invoice_settings": {"default_payment_method": ""}})

        assert changed.invoice_settings.default_payment_method is None


class TestCreate:
    def test_returns_given_members_and_nulls(self, named_customer):
        assert named_customer.id == starting("cus_")
        assert (named_customer.email, named_customer.name, named_customer.created) == ("Ada@example.com", "Ada", NOW)
        assert (named_customer.address, named_customer.currency, named_customer.balance) == (None, None, 0)
        assert named_customer.invoice_settings.to_dict() == {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        }
        assert "subscriptions" not in named_customer

    def test_allows_two_customers_with_one_address(self, api, named_customer):
        assert api.customers.create({"email": named_customer.email}).id != named_customer.id

    @pytest.mark.parametrize(
        ("params", "param", "code"),
        [
            ({"email": "ada"}, "email", "email_invalid"),
            ({"email": "ada@x y"}, "email", "email_invalid"),
            ({"email": f"{'a' * 512}@example.com"}, "email", None),
            ({"name": "n" * 257}, "name", None),
            ({"metadata": {"k" * 41: "v"}}, "metadata", None),
            ({"metadata": {"k": "v" * 501}}, "metadata", None),
            ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata", None),
            ({"test_clock": "clock_1"}, "test_clock", "resource_missing"),
            (
                {"invoice_settings": {"default_payment_method": "pm_no"}},
                "invoice_settings[default_payment_method]",
                "resource_missing",
            ),
        ],
    )
    def test_refused_saves_nothing(self, api, event_types, params, param, code):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.customers.create(params)

        assert (refused.value.http_status, refused.value.param, refused.value.code) == (400, param, code)
        assert api.customers.list().data == []
        assert event_types() == []


class TestUpdate:
    def test_changes_and_sends_an_event(self, api, named_customer):
        updated = api.customers.update(
            named_customer.id,
            {
                "email": "ada@new.example",
                "address": {"city": "London"},
                "shipping": {"name": "Ada", "address": {"line1": "1 High St"}},
                "preferred_locales": ["en"],
            },
        )

        assert updated.address.city == "London"
        assert updated.address.line1 is None
        assert updated.shipping.address.line1 == "1 High St"
        previous = api.events.list({"type": "customer.updated"}).data[0].data.previous_attributes
        assert previous.to_dict() == {
            "email": "Ada@example.com",
            "address": None,
            "shipping": None,
            "preferred_locales": [],
        }

    def test_unsets_with_an_empty_text(self, api, named_customer):
        api.customers.update(named_customer.id, {"address": {"city": "London"}})

        updated = api.customers.update(named_customer.id, {"address": "", "tax_exempt": "", "metadata": ""})

        assert (updated.address, updated.tax_exempt, updated.metadata.to_dict()) == (None, "none", {})

    def test_does_not_find_a_deleted_one(self, api, named_customer):
        api.customers.delete(named_customer.id)

        with pytest.raises(stripe.InvalidRequestError) as refused:
            api.customers.update(named_customer.id, {"name": "Ghost"})

        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")


class TestDelete:
    def test_leaves_a_stub_that_is_not_listed(self, api, named_customer, event_types):
        stub = {"id": named_customer.id, "object": "customer", "deleted": True}

        assert api.customers.delete(named_customer.id).to_dict() == stub
        assert api.customers.retrieve(named_customer.id).to_dict() == stub
        assert api.customers.list().data == []
        assert api.customers.list({"email": "Ada@example.com"}).data == []
        assert event_types() == ["customer.created", "customer.deleted"]
        assert api.events.list().data[0].data.object.email == "Ada@example.com"

    def test_cancels_running_subscriptions(self, api, named_customer, price, event_types):
        subscription = api.subscriptions.create(
            {"customer": named_customer.id, "items": [{"price": price.id}], "trial_period_days": 7}
        )

        api.customers.delete(named_customer.id)

        assert api.subscriptions.retrieve(subscription.id).status == "canceled"
        assert event_types()[-2:] == ["customer.subscription.deleted", "customer.deleted"]


class TestList:
    def test_matches_the_address_exactly(self, api, named_customer):
        api.customers.create({"email": "grace@example.com"})

        assert [found.id for found in api.customers.list({"email": "Ada@example.com"}).data] == [named_customer.id]
        assert api.customers.list({"email": "ada@example.com"}).data == []

    def test_finds_a_changed_address(self, api, named_customer):
        api.customers.update(named_customer.id, {"email": "new@example.com"})

        assert api.customers.list({"email": "Ada@example.com"}).data == []
        assert len(api.customers.list({"email": "new@example.com"}).data) == 1


class TestSubscriptions:
    def test_are_shown_only_when_expanded(self, api, named_customer, price):
        subscription = api.subscriptions.create(
            {"customer": named_customer.id, "items": [{"price": price.id}], "trial_period_days": 7}
        )

        shown = api.customers.retrieve(named_customer.id, {"expand": ["subscriptions"]})

        assert [each.id for each in shown.subscriptions.data] == [subscription.id]
        assert shown.subscriptions.url == f"/v1/customers/{named_customer.id}/subscriptions"


class TestSources:
    def test_are_none(self, api, named_customer):
        listed = api.customers.payment_sources.list(named_customer.id)

        assert (listed.data, listed.has_more, listed.url) == ([], False, f"/v1/customers/{named_customer.id}/sources")

    def test_can_be_expanded(self, api, named_customer):
        assert api.customers.retrieve(named_customer.id, {"expand": ["sources"]}).sources.data == []

    def test_of_nobody_are_refused(self, api):
        with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
            api.customers.payment_sources.list("cus_none")
