"""Doing what people and programs do, each time from a form that is opened anew; returns the words that they read."""

import json
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from billing.models import Price
from subscriptions.customers import api_tokens, confirming
from subscriptions.models import Invoice, Payment, Subscription
from tests.billing.admin import browser
from tests.fixtures import LocalStripe
from tests.subscriptions import reading

User = get_user_model()

SOMETHING_WENT_WRONG = 500


@dataclass
class Site:
    """The site as ada, a member of staff and a program with a staff token use it."""

    local_stripe: LocalStripe
    person: User
    staff: User
    world: Any = None
    ada: Client = field(default_factory=Client)
    office: Client = field(default_factory=Client)
    token: str = ""

    def sign_in(self) -> None:
        self.ada.force_login(self.person)
        self.office.force_login(self.staff)
        self.token = api_tokens.create(user=self.staff, name="walk", now=timezone.now())[1]

    # Pages.

    def get(self, path: str) -> str:
        return _words(self.ada.get(path, follow=True))

    def post(self, path: str, **typed: Any) -> str:
        """Press a button that stands alone on a page."""
        return _words(self.ada.post(path, typed, follow=True))

    def post_only(self, path: str) -> str:
        """Press a button that leads to a page of Stripe's."""
        answer = self.ada.post(path)
        return _words(answer) + answer.get("Location", "")

    def sign_up(self) -> str:
        chosen = "a-long-pass-phrase"
        typed = {"username": "newcomer", "email": "new@example.com", "password1": chosen, "password2": chosen}
        if User.objects.filter(username="newcomer").exists():
            return self.log_in("newcomer", chosen)
        return _press(Client(), "/accounts/signup/", -1, typed)

    def log_in(self, name: str, password: str = "correct horse battery") -> str:
        return _press(Client(), "/accounts/login/", -1, {"username": name, "password": password})

    def confirm_address(self) -> str:
        return self.press(f"/account/address/{confirming.token_for(self.person)}/")

    def press(self, path: str, *, form: int = -1, **typed: Any) -> str:
        """Open a page, fill in one of its forms and press its button."""
        return _press(self.ada, path, form, typed)

    # The admin.

    def press_in_admin(self, path: str, **typed: Any) -> str:
        return _press(self.office, path, -1, typed)

    def save(self, path: str, **typed: str | None) -> str:
        """Open a form of the catalog's admin, fill it in and save it."""
        page = browser.open_page(self.office, path)
        data = {name: text for name, text in {**page.fields, **typed}.items() if text is not None}
        return _words(self.office.post(path, data, follow=True))

    def choose(self, path: str, action: str, *rows: Any, confirmed: bool = False) -> str:
        """Choose rows and an action of a list, and confirm it where it asks."""
        data = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
        answer = self.office.post(path, {**data, "confirmed": "yes"} if confirmed else data, follow=True)
        return _words(answer)

    # The API.

    def call(self, path: str, **fields: Any) -> str:
        answer = self.office.post(
            f"/api/{path}",
            json.dumps(fields),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        return _words(answer)

    # Commands.

    def command(self, *words: str) -> str:
        said = StringIO()
        try:
            call_command(*words, stdout=said, stderr=said)
        except (CommandError, SystemExit) as error:
            said.write(str(error))
        return said.getvalue()

    # What there is in the world.

    @property
    def subscription(self) -> Subscription:
        return Subscription.objects.order_by("stripe_created_at").first()  # type: ignore[return-value]

    def price(self, name: str, **terms: Any) -> Price:
        return Price.objects.get(product__name=name, active=True, **terms)

    def page_of(self, row: Payment | Invoice, step: str) -> str:
        return f"/admin/subscriptions/{type(row).__name__.lower()}/{quote(row.pk)}/{step}/"


def _press(client: Client, path: str, form: int, typed: dict[str, Any]) -> str:
    page = client.get(path, follow=True)
    html = page.content.decode()
    forms = [one for one in reading.STEP.finditer(reading.main(html) or html) if one["method"] == "post"]
    if page.status_code != 200 or page.redirect_chain or not forms:
        return _words(page)
    chosen = forms[form]
    fields = dict(reading.fields(chosen["inside"]))
    where = page.request["PATH_INFO"]
    return _words(client.post(chosen["address"] or where, {**fields, **typed}, follow=True))


def _words(answer: Any) -> str:
    assert answer.status_code != SOMETHING_WENT_WRONG, answer.content
    url = getattr(answer, "redirect_chain", None)
    return reading.words(answer.content.decode()) + (f" [{url[-1][0]}]" if url else "")
