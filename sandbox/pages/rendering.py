"""Render a template as a response, with headers that forbid scripts and caching; serve the stylesheet."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Request, Response

SANDBOX_FOLDER = Path(__file__).parents[1]
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Link:
    """The address and label of a link."""

    url: str
    label: str


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a rendered page."""
    html = _templates().get_template(template).render(**context)
    return Response(html, status=status, mimetype="text/html", headers=HEADERS)


def notice(heading: str, text: str, *, status: int = 200, link: Link | None = None) -> Response:
    """Return a page with a heading, one message and optionally a link."""
    return page("notice.html", status=status, heading=heading, text=text, link=link)


def not_found(text: str = "The sandbox has no page at this address.") -> Response:
    return notice("Page not found", text, status=404)


def see_other(url: str) -> Response:
    """Redirect the browser to `url` with a GET request."""
    return Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})


def stylesheet(_sandbox: object, _request: Request) -> Response:
    css = (SANDBOX_FOLDER / "static" / "sandbox.css").read_bytes()
    return Response(css, mimetype="text/css", headers={"Cache-Control": "max-age=60"})


def web_address(url: str | None) -> str | None:
    """Return the URL if it is HTTP or HTTPS, otherwise None, so that no link runs `javascript:`."""
    return url if url and url.startswith(("https://", "http://")) else None


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(SANDBOX_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["card_number"] = card_number
    return templates


def card_number(digits: str) -> str:
    """Return the digits in groups of four: `4242 4242 4242 4242`."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
