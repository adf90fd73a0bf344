"""The site's paths for customers and for Stripe."""

from django.urls import path

from subscriptions.views import account, lifecycle, shop, stripe_webhook

urlpatterns = [
    path("", shop.plans, name="plans"),
    path("buy/<str:price_id>/", shop.buy, name="buy"),
    path("checkout/success/", shop.checkout_success, name="checkout_success"),
    path("checkout/cancelled/", shop.checkout_cancelled, name="checkout_cancelled"),
    path("members/", shop.members, name="members"),
    path("account/", account.account, name="account"),
    path("account/invoices/", account.invoices, name="invoices"),
    path("account/history/", account.history, name="history"),
    path("billing-portal/", account.billing_portal, name="billing_portal"),
    path("subscriptions/<str:subscription_id>/change/", lifecycle.choose, name="change_choose"),
    path("subscriptions/<str:subscription_id>/change/undo/", lifecycle.undo_change, name="undo_change"),
    path("subscriptions/<str:subscription_id>/change/<str:price_id>/", lifecycle.change, name="change"),
    path("subscriptions/<str:subscription_id>/cancel/", lifecycle.cancel, name="cancel"),
    path("subscriptions/<str:subscription_id>/resume/", lifecycle.resume, name="resume"),
    path("stripe/webhook/", stripe_webhook.stripe_webhook, name="stripe_webhook"),
]
