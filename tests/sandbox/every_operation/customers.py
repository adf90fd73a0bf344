"""Every call of customers and their ways to buy: checkout, payment links, the portal, test clocks."""

DAY = 86400


def people(api):
    ada = api.customers.create({"email": "ada@example.com", "name": "Ada"})
    api.customers.update(ada.id, {"phone": "+44 20 7946 0000", "address": {"city": "London", "country": "GB"}})
    api.customers.list({"email": "ada@example.com"})
    api.customers.delete(api.customers.create().id)
    method = api.payment_methods.attach("pm_card_visa", {"customer": ada.id})
    api.payment_methods.retrieve(method.id)
    api.payment_methods.list({"customer": ada.id})
    api.customers.payment_methods.list(ada.id)
    api.customers.payment_sources.list(ada.id)
    spare = api.payment_methods.attach("pm_card_mastercard", {"customer": ada.id})
    api.payment_methods.detach(spare.id)
    api.customers.update(ada.id, {"invoice_settings": {"default_payment_method": method.id}})
    api.customers.retrieve(ada.id, {"expand": ["subscriptions", "invoice_settings.default_payment_method"]})
    return ada.id


def buying(api, control, customer, monthly, once):
    def session(price, mode):
        return api.checkout.sessions.create(
            {
                "mode": mode,
                "customer": customer,
                "line_items": [{"price": price, "quantity": 1}],
                "success_url": "https://shop.example/thanks?session={CHECKOUT_SESSION_ID}",
            }
        ).id

    link = api.payment_links.create({"line_items": [{"price": monthly, "quantity": 1}]}).id
    api.payment_links.update(link, {"metadata": {"campaign": "spring"}})
    api.payment_links.retrieve(link, {"expand": ["line_items"]})
    api.payment_links.list()
    api.payment_links.line_items.list(link)
    abandoned = session(monthly, "subscription")
    api.checkout.sessions.update(abandoned, {"metadata": {"campaign": "spring"}})
    api.checkout.sessions.expire(abandoned)
    for bought in (session(monthly, "subscription"), session(once, "payment")):
        control(f"checkout/{bought}/pay", card="4242424242424242")
        api.checkout.sessions.retrieve(
            bought, {"expand": ["line_items", "subscription", "payment_intent", "customer"]}
        )
        api.checkout.sessions.line_items.list(bought)
    api.checkout.sessions.list({"expand": ["data.line_items", "data.subscription.latest_invoice"]})


def managing(api, customer):
    configuration = api.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}}).id
    api.billing_portal.configurations.update(configuration, {"name": "Invoices only"})
    api.billing_portal.configurations.retrieve(configuration)
    api.billing_portal.configurations.list()
    api.billing_portal.sessions.create({"customer": customer, "expand": ["configuration"]})


def time_travel(api):
    clock = api.test_helpers.test_clocks.create({"frozen_time": 1_900_000_000, "name": "Years ahead"})
    api.test_helpers.test_clocks.advance(clock.id, {"frozen_time": clock.frozen_time + DAY})
    api.test_helpers.test_clocks.retrieve(clock.id)
    api.test_helpers.test_clocks.list()
    api.test_helpers.test_clocks.delete(clock.id)
