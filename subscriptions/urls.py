"""The site's paths for customers and for Stripe."""

from django.urls import path, register_converter

from subscriptions.url_converters import PriceIdConverter
from subscriptions.views import account, address, cancel, change, checkout, orders, plans, webhook

register_converter(PriceIdConverter, "price_id")

urlpatterns = [
    path("", plans.plans, name="plans"),
    path("buy/<price_id:price_id>/", checkout.buy, name="buy"),
    path("checkout/success/", checkout.checkout_success, name="checkout_success"),
    path("checkout/cancelled/", checkout.checkout_cancelled, name="checkout_cancelled"),
    path("members/", plans.members, name="members"),
    path("account/", account.account, name="account"),
    path("account/address/", address.ask, name="address_ask"),
    path("account/address/<str:token>/", address.confirm, name="address_confirm"),
    path("account/invoices/", account.invoices, name="invoices"),
    path("account/history/", account.history, name="history"),
    path("orders/<uuid:payment_id>/cancel/", orders.cancel_order, name="cancel_order"),
    path("billing-portal/", account.billing_portal, name="billing_portal"),
    path("subscriptions/<str:subscription_id>/change/", change.choose, name="change_choose"),
    path("subscriptions/<str:subscription_id>/undo-change/", change.undo_change, name="undo_change"),
    path("subscriptions/<str:subscription_id>/change/<price_id:price_id>/", change.change, name="change"),
    path("subscriptions/<str:subscription_id>/cancel/", cancel.cancel, name="cancel"),
    path("subscriptions/<str:subscription_id>/resume/", cancel.resume, name="resume"),
    path("stripe/webhook/", webhook.stripe_webhook, name="stripe_webhook"),
]
