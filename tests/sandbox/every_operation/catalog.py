"""Every call of the catalog: products, prices, plans, meters, coupons and promotion codes."""

MONTHLY = {"currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}}
DAY = 86400


def products_and_prices(api):
    product = api.products.create({"name": "Pro", "default_price_data": MONTHLY, "expand": ["default_price"]})
    price = product.default_price
    api.products.retrieve(product.id, {"expand": ["default_price.product"]})
    api.products.update(product.id, {"description": "Everything", "marketing_features": [{"name": "Fast"}]})
    api.products.list({"expand": ["data.default_price"]})
    api.products.delete(api.products.create({"name": "Mistake"}).id)
    once = api.prices.create({"product": product.id, "currency": "jpy", "unit_amount": 500})
    api.prices.retrieve(once.id, {"expand": ["product.default_price"]})
    api.prices.update(once.id, {"nickname": "Once"})
    api.prices.list({"expand": ["data.product"]})
    return price.id, once.id


def legacy_plans(api, product):
    terms = {"currency": "usd", "amount": 500, "interval": "month"}
    plan = api.plans.create({"id": "Gold/month $5", "product": product, **terms})
    api.plans.retrieve(plan.id, {"expand": ["product", "tiers"]})
    api.plans.update(plan.id, {"nickname": "Gold"})
    api.plans.list({"expand": ["data.product"]})
    api.plans.delete(plan.id)


def metering(api, control, product, customer):
    given = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    meter = api.billing.meters.create(given).id
    api.billing.meters.retrieve(meter)
    api.billing.meters.update(meter, {"display_name": "API calls"})
    api.billing.meters.list({"status": "active"})
    api.billing.meters.deactivate(meter)
    api.billing.meters.reactivate(meter)
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter}
    tiers = [{"up_to": 10, "flat_amount": 100}, {"up_to": "inf", "unit_amount_decimal": "0.5"}]
    tiered = {"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": tiers}
    price = api.prices.create({"product": product, "currency": "usd", "recurring": recurring, **tiered}).id
    api.prices.retrieve(price, {"expand": ["tiers", "currency_options"]})
    subscription = api.subscriptions.create({"customer": customer, "items": [{"price": price}]})
    for identifier in ("first", "second"):
        payload = {"stripe_customer_id": customer, "value": "20"}
        api.billing.meter_events.create({"event_name": "calls", "identifier": identifier, "payload": payload})
    cancel = {"type": "cancel", "event_name": "calls", "cancel": {"identifier": "second"}}
    api.billing.meter_event_adjustments.create(cancel)
    start = subscription.start_date // 60 * 60
    times = {"customer": customer, "start_time": start, "end_time": start + 600}
    api.billing.meters.event_summaries.list(meter, times)
    control("clock", advance=40 * DAY)


def discounting(api, product):
    coupon = api.coupons.create({"percent_off": 25.5, "applies_to": {"products": [product]}}).id
    api.coupons.update(coupon, {"name": "A quarter off"})
    api.coupons.retrieve(coupon, {"expand": ["applies_to"]})
    api.coupons.list()
    code = api.promotion_codes.create({"promotion": {"type": "coupon", "coupon": coupon}, "code": "SPRING"}).id
    api.promotion_codes.update(code, {"active": False})
    api.promotion_codes.retrieve(code, {"expand": ["promotion.coupon"]})
    api.promotion_codes.list({"code": "spring", "expand": ["data.promotion.coupon"]})
    api.coupons.delete(coupon)
