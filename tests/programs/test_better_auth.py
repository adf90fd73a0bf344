"""better-auth's own plugin for Stripe sells a subscription, changes its plan at once and at the period's end."""


class TestSite:
    def test_sells_and_changes_plans(self, sandbox, run_node):
        told = run_node("better_auth", SANDBOX=sandbox.url)

        prices, api = told["prices"], sandbox.api
        assert told["plans"] == ["basic", "pro", "basic"]
        assert told["items"] == [prices["pro"], prices["support"]]

        subscription = api.subscriptions.retrieve(told["subscription"])
        assert (subscription.status, subscription.customer) == ("active", told["customer"])
        assert [item.price.id for item in subscription["items"]] == [prices["basic"]]
        assert subscription.metadata["userId"]
        customer = api.customers.retrieve(told["customer"])
        assert (customer.email, customer.metadata["customerType"]) == ("ada@example.com", "user")
        assert api.subscription_schedules.retrieve(told["schedule"]).metadata["source"] == "@better-auth/stripe"
        invoices = api.invoices.list({"subscription": subscription.id}).data
        assert [invoice.status for invoice in invoices] == ["paid"] * len(invoices)
