"""Calls that look at what is there: searches, lists at their URLs, events, endpoints, the account."""

from werkzeug.test import Client


def searching(api):
    for service, query in [
        (api.charges, "amount>0"),
        (api.customers, "email:'ada@example.com'"),
        (api.invoices, "status:'paid'"),
        (api.payment_intents, "status:'succeeded'"),
        (api.prices, "active:'true'"),
        (api.products, "name~'pro'"),
        (api.subscriptions, "status:'active'"),
    ]:
        assert service.search({"query": query, "limit": 1, "expand": ["total_count"]}).total_count > 0


def following(sandbox, api, customer):
    """Call the lists that the SDK has no method for, at their URLs."""
    charge = api.refunds.list().data[0].charge
    for path in (f"/v1/customers/{customer}/subscriptions", f"/v1/charges/{charge}/refunds"):
        answer = Client(sandbox).get(path, headers={"Authorization": "Bearer sk_test_any"})
        assert (answer.status_code, answer.get_json()["url"]) == (200, path)


def listening(api):
    endpoint = api.webhook_endpoints.create({"url": "https://shop.example/hook", "enabled_events": ["*"]}).id
    api.webhook_endpoints.retrieve(endpoint)
    api.webhook_endpoints.update(endpoint, {"enabled_events": ["invoice.paid"]})
    api.webhook_endpoints.list()
    api.webhook_endpoints.delete(endpoint)
    api.events.retrieve(api.events.list().data[0].id)
    api.accounts.retrieve(api.accounts.retrieve_current().id)
    assert api.accounts.list().data == []
