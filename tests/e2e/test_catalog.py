"""Staff and the catalog, in the admin; a customer sees every change on the plans page."""

from playwright.sync_api import Page, expect

from tests.e2e.steps import new_name, offer


def add_product(staff: Page, name: str, *, amount: str = "19.00") -> None:
    """Fill in the one form that makes a product and its first price."""
    staff.goto("/admin/billing/product/add/")
    staff.get_by_label("Name:").fill(name)
    staff.get_by_label("Description:").fill("For those who dig.")
    staff.get_by_label("Features:").fill("A hammer\nA dog")
    staff.get_by_label("Amount:").fill(amount)
    save(staff)


def save(staff: Page) -> None:
    staff.get_by_role("button", name="Save", exact=True).click()


def open_product(staff: Page, name: str) -> None:
    staff.goto("/admin/billing/product/")
    staff.get_by_role("link", name=name, exact=True).click()


class TestCatalog:
    def test_sells_a_product_made_with_its_price_in_one_form(self, staff_window: Page, visitor: Page) -> None:
        name = new_name("Fossils")
        add_product(staff_window, name)
        expect(staff_window.get_by_text(f"The product “{name}” was added successfully.")).to_be_visible()
        visitor.goto("/")
        expect(offer(visitor, name)).to_contain_text(
            f"{name} For those who dig. $19.00 per month Subscribe ({name}, $19.00 per month)"
        )
        features = offer(visitor, name).get_by_role("list").last.get_by_role("listitem")
        expect(features).to_have_text(["A hammer", "A dog"])

    def test_adds_a_yearly_price(self, staff_window: Page, visitor: Page) -> None:
        name = new_name("Fossils")
        add_product(staff_window, name)
        open_product(staff_window, name)
        staff_window.get_by_label("Amount:").fill("190")
        staff_window.get_by_label("Billed:").select_option("every year")
        save(staff_window)
        expect(staff_window.get_by_text(f"The product “{name}” was changed successfully.")).to_be_visible()
        open_product(staff_window, name)
        expect(staff_window.get_by_role("link", name="$19.00 per month")).to_be_visible()
        expect(staff_window.get_by_role("link", name="$190.00 per year")).to_be_visible()
        visitor.goto("/")
        expect(offer(visitor, name).get_by_role("button")).to_have_text(
            [f"Subscribe ({name}, $19.00 per month)", f"Subscribe ({name}, $190.00 per year)"]
        )

    def test_changes_an_amount_by_a_new_price(self, staff_window: Page, visitor: Page) -> None:
        name = new_name("Fossils")
        add_product(staff_window, name)
        open_product(staff_window, name)
        staff_window.get_by_role("link", name="$19.00 per month").click()
        staff_window.get_by_label("Amount:").fill("25.50")
        save(staff_window)
        expect(
            staff_window.get_by_text("$25.50 per month is the new price, and the one before is archived.")
        ).to_be_visible()
        open_product(staff_window, name)
        expect(staff_window.get_by_role("group", name="Prices")).to_contain_text(
            "$25.50 per month, the default $19.00 per month, archived", use_inner_text=True
        )
        visitor.goto("/")
        expect(offer(visitor, name).get_by_role("button")).to_have_text(f"Subscribe ({name}, $25.50 per month)")

    def test_takes_an_archived_product_off_sale(self, staff_window: Page, visitor: Page) -> None:
        name = new_name("Fossils")
        add_product(staff_window, name)
        staff_window.goto("/admin/billing/product/")
        staff_window.get_by_role("row", name=name).get_by_role("checkbox").check()
        staff_window.get_by_label("Action:").select_option("Archive: take off sale")
        staff_window.get_by_role("button", name="Go", exact=True).click()
        expect(staff_window.get_by_text(f"Archived: {name}.")).to_be_visible()
        visitor.goto("/")
        expect(offer(visitor, "Starter")).to_be_visible()
        expect(offer(visitor, name)).to_have_count(0)

    def test_keeps_what_was_typed_with_an_amount_that_is_none(self, staff_window: Page, visitor: Page) -> None:
        name = new_name("Fossils")
        add_product(staff_window, name, amount="-19")
        expect(staff_window.get_by_text("Please correct the error below.")).to_be_visible()
        expect(staff_window.get_by_label("Name:")).to_have_value(name)
        expect(staff_window.get_by_label("Description:")).to_have_value("For those who dig.")
        expect(staff_window.get_by_label("Features:")).to_have_value("A hammer\nA dog")
        expect(staff_window.get_by_label("Amount:")).to_have_value("-19")
        visitor.goto("/")
        expect(offer(visitor, name)).to_have_count(0)
