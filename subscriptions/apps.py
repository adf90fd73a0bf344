from django.apps import AppConfig, apps


class SubscriptionsConfig(AppConfig):
    name = "subscriptions"
    verbose_name = "Subscriptions"

    def ready(self) -> None:
        from billing import clock  # noqa: PLC0415  (as the next line)
        from subscriptions import checks, signals, stripe_clock  # noqa: F401, PLC0415  (registers checks, receivers)

        clock.use(stripe_clock.now)
        if apps.is_installed("django.contrib.admin"):
            from subscriptions.admin import people  # noqa: PLC0415  (needs the models)

            people.extend_user_admin()
