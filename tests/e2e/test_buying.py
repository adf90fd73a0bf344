"""A customer on the plans page, Stripe's page, the success page and the account page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import OpenWindow
from tests.e2e.steps import (
    AUTHENTICATED,
    DECLINED,
    INSUFFICIENT_FUNDS,
    WORKING,
    Demo,
    arrive,
    choose,
    fill_card,
    heading,
    in_a_month,
    offer,
    pay,
    sign_up,
)


class TestSubscribing:
    def test_leads_a_stranger_to_sign_up_and_charges_nothing_until_paid(self, visitor: Page) -> None:
        visitor.goto("/")
        choose(visitor, "Starter", "$9.00 per month")
        expect(heading(visitor, "Log in")).to_be_visible()
        visitor.get_by_role("main").get_by_role("link", name="Sign up").click()
        sign_up(visitor)
        expect(heading(visitor, "Subscribe to Starter")).to_be_visible()

        fill_card(visitor, AUTHENTICATED)
        pay(visitor)
        visitor.get_by_role("button", name="Fail authentication").click()
        expect(visitor.get_by_role("alert")).to_have_text(
            "We are unable to authenticate your payment method. "
            "Please choose a different payment method and try again."
        )
        visitor.get_by_role("link", name="Back").click()
        expect(heading(visitor, "Checkout cancelled")).to_be_visible()
        expect(visitor.get_by_text("Nothing was charged.")).to_be_visible()
        visitor.get_by_role("navigation").get_by_role("link", name="Account").click()
        expect(visitor.get_by_text("You have no subscriptions.")).to_be_visible()

    def test_goes_on_after_refused_cards_and_3d_secure(self, visitor: Page, demo: Demo) -> None:
        name = arrive(visitor)
        choose(visitor, "Starter", "$9.00 per month")
        expect(visitor.get_by_label("Email")).to_have_value(f"{name}@example.com")

        fill_card(visitor, DECLINED)
        pay(visitor)
        expect(visitor.get_by_role("alert")).to_have_text("Your card was declined.")
        expect(visitor.get_by_label("Card number")).to_have_value(DECLINED)
        expect(visitor.get_by_label("Expiry")).to_have_value("12 / 40")
        expect(visitor.get_by_label("CVC")).to_have_value("987")
        expect(visitor.get_by_label("Name on card")).to_have_value("Mary Anning")

        visitor.get_by_label("Card number").fill(INSUFFICIENT_FUNDS)
        pay(visitor)
        expect(visitor.get_by_role("alert")).to_have_text("Your card has insufficient funds.")
        expect(visitor.get_by_label("Card number")).to_have_value(INSUFFICIENT_FUNDS)

        visitor.get_by_label("Card number").fill(AUTHENTICATED)
        pay(visitor)
        expect(heading(visitor, "3-D Secure")).to_be_visible()
        expect(visitor.get_by_role("main")).to_contain_text(
            "Subscribe to Starter, $9.00 due today, with the card ending in 3155."
        )
        visitor.get_by_role("button", name="Complete authentication").click()

        active = f"Starter Active $9.00 per month Renews on {in_a_month(demo)}."
        expect(heading(visitor, "Thank you")).to_be_visible()
        expect(visitor.get_by_text("Your subscription has started.")).to_be_visible()
        expect(offer(visitor, "Starter")).to_contain_text(active)
        visitor.get_by_role("link", name="Go to your account").click()
        expect(heading(visitor, "Account")).to_be_visible()
        expect(offer(visitor, "Starter")).to_contain_text(active)

    def test_leads_a_second_tab_to_what_the_first_bought(self, visitor: Page) -> None:
        arrive(visitor)
        second_tab = visitor.context.new_page()
        second_tab.goto("/")
        choose(visitor, "Starter", "$9.00 per month")
        fill_card(visitor, WORKING)
        pay(visitor)
        expect(heading(visitor, "Thank you")).to_be_visible()

        choose(second_tab, "Starter", "$9.00 per month")
        expect(heading(second_tab, "Account")).to_be_visible()
        expect(second_tab.get_by_role("main").get_by_role("list").first).to_have_text(
            "Info: You already have this. Nothing was charged."
        )
        expect(second_tab.get_by_role("article")).to_have_count(1)
        second_tab.goto("/")
        expect(offer(second_tab, "Starter").get_by_text("Your plan", exact=True)).to_be_visible()
        expect(offer(second_tab, "Starter").get_by_role("button", name="Subscribe")).to_have_count(0)


class TestBuyingOnce:
    def test_shows_the_payment_and_does_not_sell_it_again(self, visitor: Page) -> None:
        arrive(visitor)
        choose(visitor, "Onboarding call", "$150.00 once")
        expect(heading(visitor, "Onboarding call")).to_be_visible()
        fill_card(visitor, WORKING)
        pay(visitor, button="Pay $150.00")
        expect(heading(visitor, "Thank you")).to_be_visible()
        expect(visitor.get_by_text("Your payment went through.")).to_be_visible()
        visitor.get_by_role("link", name="Go to your account").click()
        payment = visitor.get_by_role("listitem").filter(has_text="Onboarding call")
        expect(payment).to_contain_text("$150.00 Paid")
        visitor.goto("/")
        expect(offer(visitor, "Onboarding call").get_by_text("Bought", exact=True)).to_be_visible()
        expect(offer(visitor, "Onboarding call").get_by_role("button")).to_have_count(0)


@pytest.fixture
def control_page(open_window: OpenWindow, demo: Demo) -> Iterator[Page]:
    """The sandbox's control page; webhooks are delivered again at the end."""
    page = open_window("operator")
    page.goto(demo.sandbox)
    yield page
    _handle_webhooks(page, "Deliver")


def _handle_webhooks(control_page: Page, mode: str) -> None:
    control_page.get_by_role("radio", name=mode).check()
    control_page.get_by_role("button", name="Save").click()
    expect(control_page.get_by_role("radio", name=mode)).to_be_checked()


class TestWithoutWebhooks:
    def test_shows_what_was_bought_all_the_same(self, visitor: Page, control_page: Page, demo: Demo) -> None:
        _handle_webhooks(control_page, "Hold")
        arrive(visitor)
        choose(visitor, "Studio", "¥4,800 per month")
        fill_card(visitor, WORKING)
        pay(visitor)
        expect(offer(visitor, "Studio")).to_contain_text(f"Active ¥4,800 per month Renews on {in_a_month(demo)}.")

        control_page.reload()
        control_page.get_by_role("button", name="held").click()
        expect(control_page.get_by_role("status")).to_be_visible()
        visitor.goto("/account/")
        expect(offer(visitor, "Studio")).to_contain_text(f"Active ¥4,800 per month Renews on {in_a_month(demo)}.")
