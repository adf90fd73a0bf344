"""A front end of another origin, in a browser: docs/examples/, through the whole life of a subscription."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.e2e.steps import WORKING, Demo, fill_card, heading, in_a_month, new_name, pay
from tests.e2e.windows import PATIENCE_MS
from tests.running import Running


@pytest.fixture(scope="module")
def token(demo: Demo) -> str:
    command = Running(demo.project, "create_api_token", demo.staff[0], ENV_FILE=".env.demo")
    return command.read_to_the_end().strip()


@pytest.fixture
def browser_of_its_own(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="en-US")
    context.set_default_timeout(PATIENCE_MS)
    yield context
    context.close()


@pytest.fixture
def page(browser_of_its_own: BrowserContext, examples: str) -> Page:
    page = browser_of_its_own.new_page()
    page.goto(examples)
    expect(heading(page, "A front end in plain JavaScript")).to_be_visible()
    return page


def connect(page: Page, base: str, token: str) -> None:
    page.get_by_label("Base URL").fill(base)
    page.get_by_label("Token of a staff user").fill(token)
    page.get_by_role("button", name="Connect").click()


def add_product(page: Page, amount: int) -> str:
    name = new_name("product")
    page.get_by_label("Product name").fill(name)
    page.get_by_label("Amount in cents").fill(str(amount))
    page.get_by_role("button", name="Add product").click()
    expect(said(page)).to_have_text(f"{name} is for sale at ${amount / 100:.2f} a month.")
    return name


def choose_customer(page: Page) -> str:
    name = new_name("zoe")
    page.get_by_label("User name").fill(name)
    page.get_by_label("E-mail").fill(f"{name}@example.com")
    page.get_by_role("button", name="Use this customer").click()
    expect(said(page)).to_contain_text(f"{name} is customer cus_")
    return name


def said(page: Page) -> Locator:
    return page.get_by_role("status")


class TestTheExample:
    def test_goes_through_the_whole_life(self, page: Page, demo: Demo, token: str) -> None:
        complaints: list[str] = []
        page.context.on("console", lambda message: complaints.append(message.text))
        page.context.on("weberror", lambda thrown: complaints.append(str(thrown.error)))
        connect(page, demo.site, token)
        expect(said(page)).to_have_text(f"Connected as {demo.staff[0]}, who is staff.")
        small, large = add_product(page, 1900), add_product(page, 4900)
        name = choose_customer(page)
        held = page.get_by_role("region", name="4. Their subscription")
        offered = page.get_by_role("region", name="5. Plans")
        expect(held).to_contain_text(f"{name} has no subscription.")

        offered.get_by_role("button", name=f"Buy {small}").click()
        expect(said(page)).to_have_text("Nothing is charged before the checkout page is filled in.")
        with page.expect_popup() as opened:
            held.get_by_role("link", name="Pay on the checkout page").click()
        checkout = opened.value
        expect(heading(checkout, f"Subscribe to {small}")).to_be_visible()
        fill_card(checkout, WORKING)
        pay(checkout)
        checkout.wait_for_url(f"{demo.site}/**")
        checkout.close()

        ends = in_a_month(demo)
        held.get_by_role("button", name="I have paid").click()
        expect(held).to_contain_text(f"{small}, $19.00 a month: active, renews on {ends}.")
        expect(offered.get_by_role("listitem").filter(has_text=small)).to_contain_text("Their plan")

        offered.get_by_role("button", name=f"Change to {large}").click()
        expect(said(page)).to_have_text(f"Changed to {large}: the difference is on the next invoice.")
        expect(held).to_contain_text(f"{large}, $49.00 a month: active, renews on {ends}.")

        held.get_by_role("button", name="Cancel at period end").click()
        expect(said(page)).to_have_text(f"Cancelled: access until {ends}.")
        expect(held).to_contain_text(f"{large}, $49.00 a month: active, ends on {ends}.")
        expect(held.get_by_role("button")).to_have_count(1)

        held.get_by_role("button", name="Cancel now").click()
        expect(said(page)).to_have_text("Cancelled: access has ended.")
        expect(held).to_contain_text(f"{large}, $49.00 a month: canceled, ended on ")
        expect(held.get_by_role("button")).to_have_count(0)
        expect(offered.get_by_role("button", name=f"Buy {large}")).to_be_visible()
        assert complaints == []

    def test_says_what_is_wrong(self, page: Page, demo: Demo, token: str) -> None:
        connect(page, demo.site, "sot_wrong")
        expect(said(page)).to_have_text("This token is unknown, expired or revoked.")
        connect(page, demo.sandbox, token)
        expect(said(page)).to_contain_text(f"No answer from {demo.sandbox}. Is it running, and is http://127.0.0.1:")
        connect(page, f"{demo.site}/", token)
        name = add_product(page, 900)
        page.get_by_label("Product name").fill(name)
        page.get_by_label("Amount in cents").fill("900")
        page.get_by_role("button", name="Add product").click()
        expect(said(page)).to_contain_text(name)
        expect(page.locator("#message")).to_have_class("bad")

    @pytest.mark.parametrize("width", [390, 1000])
    def test_fits_the_window(self, page: Page, demo: Demo, token: str, width: int) -> None:
        page.set_viewport_size({"width": width, "height": 900})
        connect(page, demo.site, token)
        choose_customer(page)
        assert page.evaluate("document.documentElement.scrollWidth") == width

    def test_another_origin_is_not_let_in(self, page: Page, demo: Demo, token: str, examples: str) -> None:
        page.goto(examples.replace("127.0.0.1", "localhost"))
        connect(page, demo.site, token)
        expect(said(page)).to_contain_text("in its CORS_ALLOWED_ORIGINS?")


class TestTheDocsPage:
    def test_works_without_internet(self, browser_of_its_own: BrowserContext, demo: Demo) -> None:
        elsewhere: list[str] = []

        def refuse(route: Route) -> None:
            elsewhere.append(route.request.url)
            route.abort()

        page = browser_of_its_own.new_page()
        page.route(lambda url: not url.startswith((demo.site, "data:")), refuse)
        page.goto(f"{demo.site}/api/docs")
        expect(page.locator(".opblock")).to_have_count(9)
        expect(page.get_by_role("heading", name="Standing Order")).to_be_visible()
        page.locator("#operations-Buying-session").click()
        expect(page.get_by_text("Nothing is charged before the buyer pays")).to_be_visible()
        assert elsewhere == []
