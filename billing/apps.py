"""The app of products, prices and promotion codes, and of all calls to Stripe."""

from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from billing import checks  # noqa: F401, PLC0415  (registers the system checks)
