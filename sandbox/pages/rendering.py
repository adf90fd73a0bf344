"""How a page comes to be: templates, the stylesheet, and headers that let nothing run."""

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
    """Where a page leads to."""

    url: str
    label: str


def page(template: str, *, status: int = 200, **context: Any) -> Response:
    """Return a rendered page."""
    html = _templates().get_template(template).render(**context)
    return Response(html, status=status, mimetype="text/html", headers=HEADERS)


def notice(heading: str, text: str, *, status: int = 200, link: Link | None = None) -> Response:
    """Return a page that says one thing."""
    return page("notice.html", status=status, heading=heading, text=text, link=link)


def not_found(text: str = "The sandbox has no such page.") -> Response:
    return notice("Nothing here", text, status=404)


def see_other(url: str) -> Response:
    """Send the browser on with a GET."""
    return Response(status=303, headers={"Location": url, "Cache-Control": "no-store"})


def stylesheet(_sandbox: object, _request: Request) -> Response:
    css = (SANDBOX_FOLDER / "static" / "sandbox.css").read_bytes()
    return Response(css, mimetype="text/css", headers={"Cache-Control": "max-age=60"})


def web_address(url: str | None) -> str | None:
    """Return the address if a link may lead there; a `javascript:` one may not."""
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
    """Return the digits in groups of four."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))
