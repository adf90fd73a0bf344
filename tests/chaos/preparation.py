"""What the fork server does once, so that no worker has to: make the tables, and run through everything.

What a first purchase loads, compiles and caches is there when workers are forked; the rows that it made are not.
"""

import importlib
import pkgutil

from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from billing import gateway
from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from subscriptions.models import CheckoutSession
from subscriptions.sync import incremental
from tests.chaos import people, worker


def prepare(*, count: int) -> list[str]:
    """Migrate, have people who are signed in for good, and return their keys."""
    # Sessions that are valid in every year that the clock reaches.
    settings.SESSION_COOKIE_AGE = 100 * 366 * 86_400
    call_command("migrate", verbosity=0)
    for app in ("billing", "subscriptions"):
        package = importlib.import_module(app)
        for module in pkgutil.walk_packages(package.__path__, f"{app}."):
            if "migrations" not in module.name:
                importlib.import_module(module.name)
    keys = [people.sign_up(f"person{number}") for number in range(count)]
    people.sign_up("staff", is_staff=True)
    _run_through()
    worker.empty_tables()
    for connection in connections.all(initialized_only=True):
        connection.close()
        # A client of MongoDB's does not survive a fork.
        getattr(connection, "close_pool", lambda: None)()
    gateway.use_transport(None)
    return keys


def _run_through() -> None:
    settings.ALLOWED_HOSTS = ["*"]
    terms = PriceTerms(unit_amount=100, currency="usd")
    price = catalog.create_product(name="Preparation", price=terms, request_id="preparation").price
    browser = worker.browser_of(0)
    answer = browser.post(f"/buy/{price.pk}/")
    assert answer.status_code == 303, answer.content.decode()
    session = CheckoutSession.objects.get()
    pages = ["/account/", f"/checkout/success/?session_id={session.stripe_id}", "/subscriptions/none/cancel/"]
    for page in pages:
        browser.get(page)
    staff = worker.browser_of("staff")
    for page in ("/admin/subscriptions/customer/", "/admin/auth/user/"):
        staff.get(page)
    incremental.run(full=True, now=timezone.now())
