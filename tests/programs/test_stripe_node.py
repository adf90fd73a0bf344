"""Stripe's own client for Node, the newest and an older one: subscribe, upgrade, cancel, Checkout, webhooks."""

import pytest


class TestShop:
    @pytest.mark.parametrize("client", ["stripe-23", "stripe-17"])
    def test_sells_upgrades_and_cancels(self, sandbox, run_node, client):
        told = run_node("stripe_node", CLIENT=client, SANDBOX=sandbox.url)

        pro = told["prices"]["pro"]
        assert (told["upgraded"], told["items"], told["canceled"]) == ([pro], [pro], "canceled")
        assert told["lines"] == [[pro, 1]]
        assert told["refusal"] == {
            "type": "StripeInvalidRequestError",
            "code": "resource_missing",
            "status": 404,
        }
        assert told["forged"] == "StripeSignatureVerificationError"
        assert set(told["events"]) >= {"customer.subscription.created", "invoice.paid", "checkout.session.completed"}

        api = sandbox.api
        assert api.subscriptions.retrieve(told["subscription"]).status == "canceled"
        bought = api.subscriptions.retrieve(told["bought"])
        assert (bought.status, bought["items"].data[0].price.id) == ("active", pro)
        invoices = api.invoices.list({"subscription": told["subscription"]}).data
        assert [invoice.id for invoice in invoices] == told["listed"]
        assert [(invoice.status, invoice.amount_paid) for invoice in invoices] == [("paid", 2000), ("paid", 1000)]
