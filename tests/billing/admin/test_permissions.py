"""Permissions in the catalog's admin: without permission nothing is written or sent."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from billing.models import Price, Product
from tests.billing.admin.browser import (
    ADD_PRODUCT,
    PRICES,
    PRODUCTS,
    open_page,
    page_of,
    save,
)
from tests.billing.catalog_copies import at_stripe, here
from tests.fixtures import LocalStripe
from tests.wording import starting

pytestmark = pytest.mark.django_db

NEW = {"name": "Team", "amount": "49", "currency": "usd", "interval": "month", "interval_count": "1"}


@pytest.fixture
def clerk(client: Client, local_stripe: LocalStripe, price: Price) -> Client:
    """A browser in which a member of staff with no permission at all is signed in."""
    user = User.objects.create_user("clerk", "clerk@example.com", "correct horse battery", is_staff=True)
    client.force_login(user)
    local_stripe.forget_calls()
    return client


def permit(client: Client, *codenames: str) -> Client:
    user = User.objects.get(username="clerk")
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="billing", codename__in=codenames))
    return client


@pytest.fixture
def nothing_happens(local_stripe: LocalStripe, price: Price) -> Iterator[None]:
    """Nothing was written or sent, except by signing in."""
    before = here()
    yield
    assert here() == before == at_stripe(local_stripe)
    assert [call for call in local_stripe.calls if "/customers" not in call] == []


def addresses(price: Price) -> list[str]:
    return [PRODUCTS, ADD_PRODUCT, page_of(price.product), PRICES, page_of(price)]


@pytest.mark.usefixtures("nothing_happens")
class TestStrangers:
    def test_are_asked_to_sign_in(self, client: Client, price: Price) -> None:
        for address in addresses(price):
            for response in (client.get(address), client.post(address, NEW)):
                assert response.status_code == 302
                assert response["Location"] == starting("/admin/login/?next=")

    def test_who_are_customers_are_asked_to_sign_in_as_staff(self, client: Client, person: User, price: Price) -> None:
        client.force_login(person)
        for address in addresses(price):
            for response in (client.get(address), client.post(address, NEW)):
                assert (response.status_code, response["Location"][:13]) == (302, "/admin/login/")

    def test_from_another_site_can_not_post(self, staff: User, price: Price) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(staff)
        for address in addresses(price):
            assert strict.post(address, {**NEW, "action": "archive"}).status_code == 403


@pytest.mark.usefixtures("nothing_happens")
class TestStaffWithoutPermission:
    def test_sees_and_does_nothing(self, clerk: Client, price: Price) -> None:
        for address in addresses(price):
            assert clerk.get(address).status_code == 403
            assert clerk.post(address, NEW).status_code == 403

    def test_can_not_use_actions(self, clerk: Client, price: Price) -> None:
        chosen = {"action": "archive", "_selected_action": [price.product_id]}
        assert clerk.post(PRODUCTS, chosen).status_code == 403


@pytest.mark.usefixtures("nothing_happens")
class TestStaffWhoMayLook:
    @pytest.fixture(autouse=True)
    def _may_look(self, clerk: Client) -> None:
        permit(clerk, "view_product", "view_price")

    def test_sees_lists_and_pages(self, clerk: Client, price: Price) -> None:
        Product.objects.update(features=["Fast", "Friendly"])
        for address in (PRODUCTS, page_of(price.product), PRICES, page_of(price)):
            assert clerk.get(address).status_code == 200
        shown = clerk.get(page_of(price.product)).content.decode()
        assert "$19.00 per month" in shown
        assert "Add a price" not in shown
        assert "Fast<br>Friendly" in shown
        assert "$19.00" in clerk.get(page_of(price)).content.decode()
        assert [name for name in open_page(clerk, page_of(price)).fields if name != "csrfmiddlewaretoken"] == []
        Product.objects.update(features=[])

    def test_changes_and_adds_nothing(self, clerk: Client, price: Price) -> None:
        for address in (ADD_PRODUCT, page_of(price.product), page_of(price)):
            assert clerk.post(address, NEW).status_code == 403

    @pytest.mark.parametrize("action", ["archive", "restore"])
    def test_is_offered_no_action_on_products(self, clerk: Client, price: Price, action: str) -> None:
        assert f'value="{action}"' not in clerk.get(PRODUCTS).content.decode()
        clerk.post(PRODUCTS, {"action": action, "_selected_action": [price.product_id]})

    @pytest.mark.parametrize("action", ["archive", "restore", "make_default"])
    def test_is_offered_no_action_on_prices(self, clerk: Client, price: Price, action: str) -> None:
        assert f'value="{action}"' not in clerk.get(PRICES).content.decode()
        clerk.post(PRICES, {"action": action, "_selected_action": [price.pk]})


class TestStaffWhoMayDoOneThing:
    def test_add(self, clerk: Client, local_stripe: LocalStripe, price: Price) -> None:
        permit(clerk, "add_product")
        response = save(clerk, open_page(clerk, ADD_PRODUCT), name="Team", amount="49")
        assert (response.status_code, response["Location"]) == (302, "/admin/")
        assert len(here()) == 4
        assert here() == at_stripe(local_stripe)

    @pytest.mark.usefixtures("nothing_happens")
    def test_add_does_not_mean_change(self, clerk: Client, price: Price) -> None:
        permit(clerk, "add_product")
        assert clerk.post(page_of(price.product), NEW).status_code == 403

    def test_change(self, clerk: Client, local_stripe: LocalStripe, price: Price) -> None:
        permit(clerk, "change_product")
        assert save(clerk, open_page(clerk, page_of(price.product)), name="Pro+").status_code == 302
        assert clerk.post(ADD_PRODUCT, NEW).status_code == 403
        assert clerk.post(page_of(price), {"amount": "29"}).status_code == 403
        assert here()[price.product_id]["name"] == "Pro+"
        assert here() == at_stripe(local_stripe)
