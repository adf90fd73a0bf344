from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    verbose_name = "Catalog"

    def ready(self) -> None:
        from billing import checks  # noqa: F401, PLC0415  (registers the system checks)
