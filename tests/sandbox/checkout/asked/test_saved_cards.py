"""Saving a card at checkout, and paying with it the next time."""

import pytest

from tests.sandbox.shop import VISA

SAVING = {"saved_payment_method_options": {"payment_method_save": "enabled"}}


@pytest.fixture
def returning(shop):
    """A customer who saved a card at an earlier purchase."""
    customer = shop.customer()
    session = shop.session(shop.price(interval=None), mode="payment", customer=customer, **SAVING)
    shop.pay(session, save_card=True)
    return customer


@pytest.fixture
def saved(shop, returning):
    [method] = shop.api.payment_methods.list({"customer": returning}).data
    return method


class TestSavedCard:
    def test_is_attached_and_may_be_shown(self, saved, returning):
        assert (saved.customer, saved.allow_redisplay) == (returning, "always")

    def test_is_offered_the_next_time(self, shop, returning, saved):
        page = shop.programs.get(f"/checkout/{shop.session(customer=returning).id}")
        assert f'<button name="saved" value="{saved.id}" formnovalidate>Pay with Visa ending in 4242' in page.text

    def test_pays_on_the_page(self, shop, returning, saved):
        session = shop.session(customer=returning)

        answer = shop.programs.post(f"/checkout/{session.id}", data={"saved": saved.id})

        assert answer.status_code == 303
        bought = shop.api.checkout.sessions.retrieve(session.id)
        assert shop.subscription(bought.subscription).default_payment_method == saved.id
        assert len(shop.api.payment_methods.list({"customer": returning}).data) == 1

    def test_pays_by_control(self, shop, returning, saved):
        session = shop.session(shop.price(interval=None), mode="payment", customer=returning)
        paid = shop.pay(session, card=None, saved_card=saved.id)
        assert shop.api.payment_intents.retrieve(paid.payment_intent).payment_method == saved.id

    def test_of_a_subscription_is_not_shown_again(self, shop):
        customer = shop.customer()
        shop.subscribed(customer=customer)

        [method] = shop.api.payment_methods.list({"customer": customer}).data

        assert method.allow_redisplay == "limited"
        status, error = shop.refusal(shop.session(customer=customer), card=None, saved_card=method.id)
        assert (status, error["param"]) == (400, "payment_method")

    def test_needs_the_sellers_leave(self, shop):
        status, error = shop.refusal(shop.session(customer=shop.customer()), card=VISA, save_card=True)
        assert (status, error["param"]) == (400, "save_card")
