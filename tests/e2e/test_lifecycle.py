"""The life of a subscription, in the browser: changed, scheduled, cancelled, overdue, paid and refunded.

The sandbox's clock is moved between the steps. Each test is somebody new, so the others' time does not matter.
"""

import re
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import WORKING, Demo, arrive, choose, control, fill_card, heading, offer, pay
from tests.e2e.windows import PATIENCE_MS

DAY = 86_400
ATTACHES_BUT_FAILS = "4000 0000 0000 0341"
UNTIL = r"\d{1,2} \w+ \d{4}"  # A day, as pages write it.

MoveTime = Callable[[int], None]


@pytest.fixture
def move_time(demo: Demo) -> MoveTime:
    """Let days pass at the sandbox, and wait until its events have arrived."""

    def move(days: int) -> None:
        control(demo, "POST", "clock", advance=days * DAY)
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while any(control(demo, "GET", "state")["deliveries"].values()):
            assert time.monotonic() < deadline, "the sandbox's events did not arrive"
            time.sleep(0.1)

    return move


@pytest.fixture
def subscriber(visitor: Page) -> Page:
    """The account page of somebody new who has just bought Starter by the month."""
    arrive(visitor)
    choose(visitor, "Starter", "$9.00 per month")
    fill_card(visitor, WORKING)
    pay(visitor)
    visitor.get_by_role("link", name="Go to your account").click()
    expect(offer(visitor, "Starter")).to_contain_text("Active")
    return visitor


def words(pattern: str) -> re.Pattern[str]:
    """Match these words however the page breaks its lines."""
    return re.compile(pattern.replace(" ", r"\s+"), re.DOTALL)


def choose_change(page: Page, product: str, price: str) -> None:
    """Go from the account page to the figures of a change."""
    page.get_by_role("link", name="Change plan").click()
    page.get_by_role("link", name=f"Choose {product}, {price}").click()
    expect(heading(page, "Confirm your change")).to_be_visible()


def invoice_totals(page: Page) -> list[str]:
    """What was billed, newest first."""
    page.goto("/account/invoices/")
    return page.get_by_role("main").locator(".row .amount").all_inner_texts()


class TestChanging:
    def test_upgrade_bills_the_figures_that_were_shown(self, subscriber: Page, move_time: MoveTime) -> None:
        move_time(10)
        choose_change(subscriber, "Analytics", "$19.00 per month")
        costs = subscriber.get_by_role("region", name="If you change now")
        expect(costs).to_contain_text("Nothing is charged today.")
        total = costs.get_by_role("row", name="Total").get_by_role("cell").inner_text()
        assert costs.get_by_text(f"It will be {total}.").count() == 1
        subscriber.get_by_role("button", name="Change now").click()
        expect(subscriber.get_by_text("Your plan is changed.")).to_be_visible()
        expect(offer(subscriber, "Analytics")).to_contain_text(words(f"Active.*Renews on {UNTIL}"))
        assert invoice_totals(subscriber) == ["$9.00"]

        move_time(22)
        assert invoice_totals(subscriber) == [total, "$9.00"]
        subscriber.goto("/account/history/")
        expect(subscriber.get_by_role("main")).to_contain_text(
            "Changed from Starter, $9.00 per month to Analytics, $19.00 per month"
        )

    def test_waits_for_the_periods_end_and_is_called_off(self, subscriber: Page) -> None:
        choose_change(subscriber, "Starter", "$90.00 per year")
        expect(subscriber.get_by_role("button", name="Change now and pay $81.00")).to_be_visible()
        subscriber.get_by_role("button", name=re.compile(f"^Change on {UNTIL}$")).click()
        expect(offer(subscriber, "Starter")).to_contain_text(
            words(rf"\$9\.00 per month.*Changes to Starter, \$90\.00 per year on {UNTIL}")
        )
        subscriber.get_by_role("button", name="Keep current plan").click()
        expect(subscriber.get_by_text("The scheduled change is undone. Your plan stays as it is.")).to_be_visible()
        expect(offer(subscriber, "Starter")).not_to_contain_text("Changes to")


class TestCancelling:
    def test_at_the_periods_end_keeps_access_and_is_resumed(self, subscriber: Page) -> None:
        subscriber.get_by_role("link", name="Cancel Starter").click()
        expect(subscriber.get_by_label("At the end of the paid period")).to_be_checked()
        subscriber.get_by_label("Why are you leaving?").select_option("It's too expensive")
        subscriber.get_by_role("button", name="Cancel the subscription").click()
        expect(offer(subscriber, "Starter")).to_contain_text(words(f"Cancelled. You keep access until {UNTIL}"))
        subscriber.get_by_role("navigation").get_by_role("link", name="Members").click()
        expect(heading(subscriber, "Members\N{RIGHT SINGLE QUOTATION MARK} library")).to_be_visible()

        subscriber.goto("/account/")
        subscriber.get_by_role("button", name="Resume Starter").click()
        expect(subscriber.get_by_text("Your subscription continues.")).to_be_visible()
        expect(offer(subscriber, "Starter")).to_contain_text(words(f"Renews on {UNTIL}"))


class TestFailedPayment:
    def test_is_put_right_on_the_invoices_page(self, subscriber: Page, move_time: MoveTime) -> None:
        subscriber.get_by_role("button", name="Manage payment").click()
        subscriber.get_by_role("link", name="Change card").click()
        fill_card(subscriber, ATTACHES_BUT_FAILS)
        subscriber.get_by_role("button", name="Save card").click()
        expect(subscriber.get_by_text("Your card is changed.")).to_be_visible()

        move_time(32)
        subscriber.goto("/account/")
        expect(offer(subscriber, "Starter")).to_contain_text(
            words(f"Payment overdue.*The last payment failed.*You keep access until {UNTIL}")
        )
        subscriber.get_by_role("link", name="Pay $9.00 now").click()
        fill_card(subscriber, WORKING)
        pay(subscriber, button="Pay $9.00")
        expect(subscriber.get_by_text("Paid on")).to_be_visible()
        move_time(0)
        subscriber.goto("/account/")
        expect(offer(subscriber, "Starter")).to_contain_text(words(f"Active.*Renews on {UNTIL}"))
        assert invoice_totals(subscriber) == ["$9.00", "$9.00"]


class TestRefund:
    def test_by_staff_is_shown_to_the_customer(
        self, subscriber: Page, staff_window: Page, move_time: MoveTime
    ) -> None:
        move_time(0)
        subscriber.goto("/account/invoices/")
        number = subscriber.get_by_role("main").locator(".row strong").inner_text()
        staff_window.goto(f"/admin/subscriptions/invoice/?q={number}")
        staff_window.get_by_role("link", name=number).click()
        staff_window.get_by_role("link", name="Refund", exact=True).click()
        expect(staff_window.get_by_label("Amount")).to_have_value("9.00")
        staff_window.get_by_label("Amount").fill("2.50")
        staff_window.get_by_role("button", name="Refund").click()
        expect(staff_window.get_by_text("$2.50 refunded.")).to_be_visible()

        subscriber.reload()
        expect(subscriber.get_by_role("main")).to_contain_text(words(rf"{number}.*\$2\.50 refunded on {UNTIL}"))
