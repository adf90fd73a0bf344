"""The past of an object has the states that it had: none that Stripe only tried out and took back."""

import stripe

from sandbox.transport import InProcessClient
from tests.chaos.stripe_host import Host


def test_a_preview_leaves_no_past() -> None:
    host = Host()
    api = stripe.StripeClient("sk_test_chaos", http_client=InProcessClient(host)).v1
    product = api.products.create({"name": "Pro"})
    month, year = (
        api.prices.create(
            {"product": product.id, "currency": "usd", "unit_amount": 900, "recurring": {"interval": interval}}
        )
        for interval in ("month", "year")
    )
    customer = api.customers.create({})
    method = api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    subscription = api.subscriptions.create(
        {"customer": customer.id, "items": [{"price": month.id}], "default_payment_method": method.id}
    )
    before = list(host.past)
    item = subscription["items"].data[0].id
    api.invoices.create_preview(
        {"subscription": subscription.id, "subscription_details": {"items": [{"id": item, "price": year.id}]}}
    )
    assert host.past == before
    api.subscriptions.update(subscription.id, {"items": [{"id": item, "price": year.id}]})
    states = [obj for obj in host.past[len(before) :] if obj["object"] == "subscription"]
    assert states[-1]["items"]["data"][0]["price"]["id"] == year.id
