"""Every call of subscriptions, their items and schedules."""

DAY = 86400


def subscribing(api, control, customer, monthly):
    items = [{"price": monthly}]
    subscription = api.subscriptions.create(
        {
            "customer": customer,
            "items": items,
            "expand": ["latest_invoice.payments", "latest_invoice.confirmation_secret"],
        }
    )
    api.subscriptions.update(subscription.id, {"cancel_at_period_end": True})
    api.subscriptions.update(subscription.id, {"cancel_at_period_end": False})
    api.subscriptions.retrieve(subscription.id, {"expand": ["items.data.price.product", "default_payment_method"]})
    api.subscription_items.list({"subscription": subscription.id})
    data = {"currency": "usd", "product": api.products.list().data[0].id, "recurring": {"interval": "month"}}
    extra = api.subscription_items.create(
        {"subscription": subscription.id, "price_data": {**data, "unit_amount": 100}, "proration_behavior": "none"}
    )
    api.subscription_items.update(extra.id, {"metadata": {"a": "b"}})
    api.subscription_items.retrieve(extra.id)
    api.subscription_items.delete(extra.id, {"proration_behavior": "none"})
    control("clock", advance=40 * DAY)
    api.subscriptions.list({"status": "all", "expand": ["data.latest_invoice.payments", "data.customer"]})
    api.subscriptions.cancel(subscription.id)
    given = {"customer": customer, "items": [{"price": monthly}], "billing_mode": {"type": "classic"}}
    classic = api.subscriptions.create(given)
    api.subscriptions.migrate(classic.id, {"billing_mode": {"type": "flexible"}, "expand": ["latest_invoice"]})


def scheduling(api, customer, monthly):
    items = [{"price": monthly}]
    subscription = api.subscriptions.create({"customer": customer, "items": items})
    api.invoices.create_preview({"subscription": subscription.id, "expand": ["customer", "payments"]})
    given = {"from_subscription": subscription.id, "expand": ["subscription", "phases.items.price"]}
    schedule = api.subscription_schedules.create(given)
    first = {"items": items, "start_date": schedule.phases[0].start_date, "end_date": schedule.phases[0].end_date}
    more = {"items": [{"price": monthly, "quantity": 2}], "duration": {"interval": "month"}}
    api.subscription_schedules.update(schedule.id, {"phases": [first, more], "expand": ["customer"]})
    api.subscription_schedules.retrieve(schedule.id)
    api.subscription_schedules.release(schedule.id)
    again = api.subscription_schedules.create({"from_subscription": subscription.id})
    api.subscription_schedules.cancel(again.id)
    planned = {"customer": customer, "start_date": schedule.created + 400 * DAY, "phases": [more]}
    api.subscription_schedules.cancel(api.subscription_schedules.create(planned).id)
    api.subscription_schedules.list({"customer": customer, "expand": ["data.subscription"]})


def collecting(api, control, monthly):
    buyer = api.customers.create().id
    trial = {"trial_period_days": 1, "trial_settings": {"end_behavior": {"missing_payment_method": "pause"}}}
    subscription = api.subscriptions.create({"customer": buyer, "items": [{"price": monthly}], **trial}).id
    control("clock", advance=2 * DAY)
    lost = api.subscriptions.resume(subscription).latest_invoice
    api.invoices.mark_uncollectible(lost)
    api.subscriptions.pause(subscription, {"expand": ["latest_invoice"]})
    api.subscriptions.resume(subscription, {"billing_cycle_anchor": {"type": "unchanged"}})
    api.invoices.pay(lost, {"payment_method": "pm_card_visa", "expand": ["payments"]})
    control("clock", advance=31 * DAY)
    api.invoices.void_invoice(api.subscriptions.retrieve(subscription).latest_invoice)
