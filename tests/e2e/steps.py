"""What people do on the pages, in the words that they read there."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.controls import control_over_http
from tests.running import Running

PASSWORD = "a-long-way-down"
WORKING, DECLINED = "4242 4242 4242 4242", "4000 0000 0000 0002"
INSUFFICIENT_FUNDS, AUTHENTICATED = "4000 0000 0000 9995", "4000 0025 0000 3155"

_numbers = count(1)


@dataclass(frozen=True)
class Demo:
    """The running product."""

    running: Running
    project: Path
    site: str
    sandbox: str
    staff: tuple[str, str]


def control(demo: Demo, method: str, path: str, **body: Any) -> Any:
    """Use one of the sandbox's controls, such as "clock" or "state"; returns its JSON."""
    return control_over_http(demo.sandbox, path, method=method, **body)


def new_name(kind: str) -> str:
    """Name somebody or something that no other test knows."""
    return f"{kind}-{next(_numbers)}"


def in_a_month(demo: Demo) -> str:
    """The day on which a month bought now ends, as pages write it: January the 31st leads to February's last day.

    Other tests may have moved the sandbox's clock.
    """
    today = datetime.fromtimestamp(control(demo, "GET", "state")["clock"]["now"], UTC)
    year, month = today.year + today.month // 12, today.month % 12 + 1
    day = min(today.day, calendar.monthrange(year, month)[1])
    return f"{day} {calendar.month_name[month]} {year}"


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text, exact=True, level=1)


def offer(page: Page, product: str) -> Locator:
    """A product's card, on the plans page, the success page or the account page."""
    return page.get_by_role("article", name=product, exact=True)


def sign_in(page: Page, name: str, password: str) -> None:
    """Fill in the login form that the page shows, the site's or the admin's."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def sign_up(page: Page, *, name: str | None = None) -> str:
    """Fill in the sign-up form that the page shows; return the new person's name."""
    name = name or new_name("visitor")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Email address").fill(f"{name}@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign up").click()
    return name


def arrive(page: Page) -> str:
    """Sign up and be on the plans page; return the new person's name."""
    page.goto("/accounts/signup/?next=/")
    name = sign_up(page)
    expect(heading(page, "Plans")).to_be_visible()
    return name


def choose(page: Page, product: str, price: str) -> None:
    """Click the button of a price such as `$9.00 per month`."""
    offer(page, product).get_by_role("button", name=f"({product}, {price})").click()


def fill_card(page: Page, number: str) -> None:
    page.get_by_label("Card number").fill(number)
    page.get_by_label("Expiry").fill("12 / 40")
    page.get_by_label("CVC").fill("987")
    page.get_by_label("Name on card").fill("Mary Anning")


def pay(page: Page, *, button: str = "Subscribe") -> None:
    page.get_by_role("button", name=button, exact=True).click()
