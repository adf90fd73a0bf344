"""All calls, in an order in which each finds what it needs."""

from tests.sandbox.every_operation import account, catalog, customers, invoices, payments, subscriptions


def make(sandbox, api, control):
    """Call every operation of the sandbox at least once."""
    monthly, once = catalog.products_and_prices(api)
    ada = customers.people(api)
    product = api.prices.retrieve(monthly).product
    catalog.legacy_plans(api, product)
    customers.time_travel(api)
    catalog.metering(api, control, product, ada)
    customers.buying(api, control, ada, monthly, once)
    subscriptions.subscribing(api, control, ada, monthly)
    subscriptions.scheduling(api, ada, monthly)
    subscriptions.collecting(api, control, monthly)
    invoices.invoicing(api)
    invoices.paying(api)
    payments.intending(api, ada)
    payments.setting_up(api, ada)
    payments.disputing(api, control)
    payments.refunding(api)
    account.searching(api)
    account.following(sandbox, api, ada)
    catalog.discounting(api, product)
    customers.managing(api, ada)
    account.listening(api)
