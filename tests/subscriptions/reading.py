"""What a person finds on a page: its words, and where its links and buttons lead."""

import re
from dataclasses import dataclass
from html import unescape

from django.test import Client

STEP = re.compile(
    r'<a [^>]*href="(?P<link>[^"]*)"[^>]*>(?P<link_label>.*?)</a>'
    r'|<form [^>]*method="(?P<method>\w+)"(?: action="(?P<address>[^"]*)")?[^>]*>(?P<inside>.*?)</form>',
    re.DOTALL,
)
BUTTON = re.compile(r"<button[^>]*>(.*?)</button>", re.DOTALL)
FIELD = re.compile(r'<input [^>]*name="([^"]*)" value="([^"]*)"')


@dataclass(frozen=True)
class Step:
    """A link ("get") or a form, by the words on it."""

    label: str
    method: str
    address: str


def words(html: str) -> str:
    apart = re.sub(r"</t[hd]>", " ", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", apart)).split())


def main(html: str) -> str:
    """The page without what every page has above and below."""
    return html.partition("<main")[2].partition(">")[2].partition("</main>")[0]


def shown(client: Client, path: str) -> str:
    """What a page that only reads has between its head and its foot."""
    response = client.get(path)
    assert response.status_code == 200
    return main(response.content.decode())


def cards(html: str) -> list[str]:
    return re.findall(r"<article .*?</article>", html, re.DOTALL)


def section(html: str, heading: str) -> str:
    """The part of a page under the heading that has this id."""
    found = re.search(rf'<section[^>]*aria-labelledby="{heading}">.*?</section>', html, re.DOTALL)
    return found[0] if found else ""


def steps(html: str) -> list[Step]:
    """Everywhere that one can go from here, in the page's order."""
    return [_step(found) for found in STEP.finditer(html)]


def fields(html: str) -> list[tuple[str, str]]:
    """What the fields hold that have a value, save for the forms' tokens."""
    return [(name, unescape(value)) for name, value in FIELD.findall(html) if name != "csrfmiddlewaretoken"]


def forms(html: str) -> list[dict[str, str]]:
    """What each form sends."""
    return [dict(fields(found["inside"])) for found in STEP.finditer(html) if found["method"]]


def _step(found: re.Match[str]) -> Step:
    if not found["method"]:
        return Step(words(found["link_label"]), "get", unescape(found["link"]))
    button = BUTTON.search(found["inside"])
    return Step(words(button[1]) if button else "", found["method"], unescape(found["address"] or ""))
