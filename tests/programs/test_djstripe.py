"""dj-stripe 2.11 copies an account with its own command."""

MONTHLY = {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
SUCCESS_URL = "https://shop.example/thanks"


def filled(sandbox):
    """Sell to two customers: one with a saved card, whose subscription has renewed, and one through Checkout."""
    api = sandbox.api
    price = api.products.create({"name": "Pro", "default_price_data": MONTHLY}).default_price
    ada = api.customers.create({"email": "ada@example.com", "name": "Ada"}).id
    card = api.payment_methods.attach("pm_card_visa", {"customer": ada}).id
    api.customers.update(ada, {"invoice_settings": {"default_payment_method": card}})
    coupon = api.coupons.create({"percent_off": 50, "duration": "forever"}).id
    api.subscriptions.create({"customer": ada, "items": [{"price": price}], "discounts": [{"coupon": coupon}]})
    sandbox.control("clock", advance=40 * 86400)
    session = api.checkout.sessions.create(
        {"mode": "subscription", "line_items": [{"price": price, "quantity": 2}], "success_url": SUCCESS_URL}
    )
    sandbox.control(f"checkout/{session.id}/pay", card="4242424242424242", email="grace@example.com")
    api.subscriptions.cancel(api.subscriptions.list().data[0].id)


def listed(api):
    """Return the ids of all that the sandbox has, by the names of dj-stripe's models."""
    lists = {
        "Product": api.products.list(),
        "Price": api.prices.list(),
        "Customer": api.customers.list(),
        "PaymentMethod": [
            method
            for customer in api.customers.list()
            for method in api.payment_methods.list({"customer": customer.id})
        ],
        "Subscription": api.subscriptions.list({"status": "all"}),
        "Invoice": api.invoices.list(),
    }
    return {name: sorted(each.id for each in found) for name, found in lists.items()}


class TestSync:
    def test_copies_all_that_there_is(self, sandbox, run_djstripe, tmp_path):
        filled(sandbox)
        expected = listed(sandbox.api)

        told = run_djstripe(
            DATABASE_URL=f"sqlite:///{tmp_path / 'djstripe.sqlite3'}",
            STRIPE_API_BASE=sandbox.url,
            STRIPE_KEY=f"sk_test_{'programs':0<24}",
        )

        assert told["trouble"] == ""
        assert told["copied"] == expected
        assert {name: len(ids) for name, ids in expected.items()} == {
            "Product": 1,
            "Price": 1,
            "Customer": 2,
            "PaymentMethod": 2,
            "Subscription": 2,
            "Invoice": 3,
        }
