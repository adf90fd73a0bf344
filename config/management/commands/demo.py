"""`manage.py demo`: the whole product with no Stripe account, on settings and data of its own."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.errors import StripeFailure
from config.demo import environment, seed
from config.processes import programs
from config.processes.supervisor import PortTaken, ProgramEnded, Supervisor, require_free
from subscriptions.checkout.errors import CannotBuy

BANNER = """
{name} is running. Ctrl-C stops it and keeps the data for the next start.

  plans and prices   {site}/
  the admin          {site}/admin/
  Stripe's sandbox   {stripe}/   (a test card: 4242 4242 4242 4242)
  a promotion code   {code}   (to enter at checkout: 20 % off for three months)

{logins}
"""


class Command(BaseCommand):
    help = "Run the site, the sync and a local Stripe with sample data until Ctrl-C, on PORT and SANDBOX_PORT."

    def handle(self, **_: Any) -> None:
        if os.environ.get("ENV_FILE") != environment.FILE:
            # On other settings, sample data would get into a real database and to the real Stripe.
            raise CommandError("Run the demo as `make demo` or `manage.py demo`: it needs settings of its own.")
        try:
            self._run(sandbox_port=int(os.environ["SANDBOX_PORT"]))
        except (PortTaken, ProgramEnded) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Stopped.")

    def _run(self, *, sandbox_port: int) -> None:
        host = environment.HOST
        require_free(settings.PORT, host=host, setting="PORT")
        require_free(sandbox_port, host=host, setting="SANDBOX_PORT")
        with Supervisor(self.stdout) as supervisor:
            programs.prepare()
            supervisor.start(
                programs.sandbox(
                    port=sandbox_port,
                    state_file=environment.STATE_FILE,
                    webhook=f"{settings.SITE_URL}/stripe/webhook/",
                ),
                programs.site(host=host, workers=1, log_requests=True),
            )
            logins = self._seeded()
            supervisor.start(programs.sync())
            self.stdout.write(_banner(logins))
            supervisor.wait()

    def _seeded(self) -> list[seed.Login]:
        try:
            return seed.seed()
        except (StripeFailure, CannotBuy, OSError) as error:
            raise CommandError(f"The sample data could not be made: {error}") from error


def _banner(logins: list[seed.Login]) -> str:
    lines = "\n".join(map(str, logins))
    return BANNER.format(
        name=settings.SITE_NAME,
        site=settings.SITE_URL,
        stripe=settings.STRIPE_API_BASE,
        code=seed.CODE,
        logins=lines,
    )
