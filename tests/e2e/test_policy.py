"""Pages with script of their own work under the site's security policy: the browser complains of nothing."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.e2e.steps import Demo, heading

ADMIN_LISTS = (
    "auth/user", "billing/price", "billing/product", "billing/promotioncode", "subscriptions/apitoken",
    "subscriptions/checkoutsession", "subscriptions/customer", "subscriptions/dispute", "subscriptions/invoice",
    "subscriptions/payment", "subscriptions/subscription", "subscriptions/syncrun", "subscriptions/webhookevent",
)  # fmt: skip
ADMIN_FORMS = ("auth/user/add", "billing/product/add", "billing/promotioncode/add", "subscriptions/apitoken/add")


class TestTheAdmin:
    def test_shows_its_lists_and_rows(self, staff_window: Page) -> None:
        for name in ADMIN_LISTS:
            staff_window.goto(f"/admin/{name}/")
            rows = staff_window.locator("#result_list tbody th a")
            if rows.count():
                rows.first.click()
                expect(staff_window).to_have_url(re.compile("/change/"))
        staff_window.goto("/admin/subscriptions/syncrun/health/")
        expect(heading(staff_window, "Sync health")).to_be_visible()

    def test_shows_its_forms(self, staff_window: Page) -> None:
        for name in ADMIN_FORMS:
            staff_window.goto(f"/admin/{name}/")
            expect(staff_window.get_by_role("button", name="Save", exact=True)).to_be_visible()

    def test_finds_the_owner_of_a_token(self, staff_window: Page, demo: Demo, javascript: Any) -> None:
        staff_window.goto("/admin/subscriptions/apitoken/add/")
        if javascript:
            staff_window.locator(".select2-selection").click()
            staff_window.locator(".select2-search__field").fill(demo.staff[0])
            staff_window.get_by_role("option", name=demo.staff[0]).click()
            staff_window.get_by_label("Name:").fill("front end")
            staff_window.get_by_role("button", name="Save", exact=True).click()
            expect(heading(staff_window, "The token “front end”")).to_be_visible()


def test_the_apis_docs_can_be_tried(staff_window: Page, javascript: Any) -> None:
    staff_window.goto("/api/docs")
    if javascript:
        operation = staff_window.locator("#operations-Catalog-plans")
        operation.get_by_role("button").first.click()
        operation.get_by_role("button", name="Execute").click()
        expect(operation.get_by_text('"plans"').first).to_be_visible()


def test_a_page_opened_under_another_name_leads_to_the_site(visitor: Page, demo: Demo) -> None:
    visitor.goto(demo.site.replace("127.0.0.1", "localhost") + "/accounts/login/?next=/account/")
    expect(visitor).to_have_url(f"{demo.site}/accounts/login/?next=/account/")
