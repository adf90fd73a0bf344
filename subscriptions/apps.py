from django.apps import AppConfig, apps


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from subscriptions import checks, signals  # noqa: F401, PLC0415  (registers checks, connects receivers)

        if apps.is_installed("django.contrib.admin"):
            from subscriptions.admin import people  # noqa: PLC0415  (needs the models)

            people.extend_user_admin()
