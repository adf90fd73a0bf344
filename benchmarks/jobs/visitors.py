"""People with a session and a price to buy, for the benchmark of waiting."""

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.core.management import call_command

from billing.catalog import services as catalog
from billing.catalog.services import PriceTerms
from subscriptions.customers import services as customers


def prepare(people: int) -> dict[str, Any]:
    """Make the tables, a price and people with a customer; returns the price and the keys of their sessions."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    terms = PriceTerms(unit_amount=1900, currency="usd")
    price = catalog.create_product(name="Pro", price=terms, request_id="benchmark").price
    store = import_module(settings.SESSION_ENGINE).SessionStore
    sessions = []
    for number in range(people):
        person = get_user_model()._default_manager.create_user(f"p{number}", f"p{number}@example.com", "heron-42")
        customers.ensure(person)
        session = store()
        session[SESSION_KEY] = str(person.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = person.get_session_auth_hash()
        session.save()
        sessions.append(session.session_key)
    return {"price": price.pk, "sessions": sessions}
