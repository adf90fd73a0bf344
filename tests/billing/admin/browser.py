"""The admin as a person uses it: open a page, change some fields of its form, press Save."""

from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import Any

from django.contrib.admin.utils import quote
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from billing.models import Price, Product

PRODUCTS = "/admin/billing/product/"
PRICES = "/admin/billing/price/"
ADD_PRODUCT = "/admin/billing/product/add/"
RENEWED = {"csrfmiddlewaretoken", "request_id"}


def page_of(row: Product | Price) -> str:
    return reverse(f"admin:billing_{row._meta.model_name}_change", args=[quote(row.pk)])


@dataclass
class Page:
    """A form's page: what its fields hold, and the errors that it shows."""

    address: str
    status: int
    html: str
    fields: dict[str, str]
    errors: dict[str, list[str]]

    @classmethod
    def of(cls, address: str, response: Any) -> "Page":
        html = response.content.decode()
        admin_form = (response.context or {}).get("adminform")
        errors = {name: list(texts) for name, texts in admin_form.form.errors.items()} if admin_form else {}
        return cls(address, response.status_code, html, _Fields.read(html), errors)


def open_page(client: Client, address: str) -> Page:
    return Page.of(address, client.get(address))


def save(client: Client, page: Page, **typed: str | None) -> Any:
    """Press Save with these fields changed (None: left out, like an unticked box); returns the response."""
    data = {**page.fields, **typed}
    return client.post(page.address, {name: value for name, value in data.items() if value is not None})


def refused(client: Client, page: Page, **typed: str | None) -> Page:
    """Press Save, expect the form again with its input, and return it."""
    shown = Page.of(page.address, save(client, page, **typed))
    assert shown.status == 200, "the form was not shown again"
    expected = {name: value for name, value in {**page.fields, **typed}.items() if name not in RENEWED}
    kept = {name: shown.fields.get(name) for name in expected}
    assert kept == expected
    assert shown.errors
    for text in (text for texts in shown.errors.values() for text in texts):
        assert escape(text) in shown.html
    return shown


def choose(client: Client, address: str, action: str, *rows: Product | Price) -> list[str]:
    """Run an action of the list on these rows; returns the messages shown."""
    response = client.post(address, {"action": action, "_selected_action": [row.pk for row in rows]})
    assert response.status_code == 302
    return messages_on(client, address)


def messages_on(client: Client, address: str) -> list[str]:
    return [unescape(str(message)) for message in client.get(address).context["messages"]]


class _Fields(HTMLParser):
    """Reads the fields that a browser would send from the page's main form."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.inside = False
        self.open = ""

    @classmethod
    def read(cls, html: str) -> dict[str, str]:
        parser = cls()
        parser.feed(html)
        return parser.fields

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = given.get("id", "").endswith("_form") and "logout" not in given["id"]
        if not self.inside:
            return
        name, kind = given.get("name", ""), given.get("type", "")
        if tag == "input" and name and kind not in {"submit", "checkbox"}:
            self.fields[name] = given.get("value", "")
        elif tag == "input" and kind == "checkbox" and "checked" in given:
            self.fields[name] = given.get("value", "on")
        elif tag in {"textarea", "select"}:
            self.open = name
            self.fields[name] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self.open] = given["value"]

    def handle_data(self, data: str) -> None:
        if self.inside and self.open and self.lasttag == "textarea":
            # A browser drops the line break after the tag, and sends CRLF.
            self.fields[self.open] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"textarea", "select"}:
            self.open = ""
        if tag == "form":
            self.inside = False
