"""Sign-up, login, logout, and the ways to a new password."""

from playwright.sync_api import Page, expect

from tests.e2e.steps import PASSWORD, Demo, arrive, heading, sign_in

NEW_PASSWORD = "a-longer-way-down"


def log_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("navigation").get_by_role("link", name="Log in")).to_be_visible()


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_role("navigation").get_by_role("link", name="Log in").click()
    sign_in(page, name, password)


class TestStaff:
    def test_enter_the_admin_with_their_password(self, visitor: Page, demo: Demo) -> None:
        visitor.goto("/admin/")
        sign_in(visitor, *demo.staff)
        expect(heading(visitor, "Site administration")).to_be_visible()
        expect(visitor.get_by_role("link", name="Products", exact=True)).to_be_visible()


class TestAccounts:
    def test_lets_in_with_the_right_password_only(self, visitor: Page) -> None:
        name = arrive(visitor)
        log_out(visitor)
        log_in(visitor, name, "a-wrong-one")
        expect(visitor.get_by_role("alert")).to_have_text(
            "Please enter a correct username and password. Note that both fields may be case-sensitive."
        )
        expect(visitor.get_by_label("Username")).to_have_value(name)
        sign_in(visitor, name, PASSWORD)
        expect(heading(visitor, "Account")).to_be_visible()
        expect(visitor.get_by_text(f"{name} · {name}@example.com")).to_be_visible()

    def test_refuses_to_sign_up_with_an_address_that_is_taken(self, visitor: Page) -> None:
        visitor.goto("/accounts/signup/")
        visitor.get_by_label("Username").fill("ada-again")
        visitor.get_by_label("Email address").fill("Ada@example.com")
        visitor.get_by_label("Password", exact=True).fill(PASSWORD)
        visitor.get_by_label("Password confirmation").fill(PASSWORD)
        visitor.get_by_role("main").get_by_role("button", name="Sign up").click()
        expect(visitor.get_by_text("This address already has an account.")).to_be_visible()
        expect(visitor.get_by_label("Username")).to_have_value("ada-again")
        expect(visitor.get_by_label("Email address")).to_have_value("Ada@example.com")

    def test_changes_a_password(self, visitor: Page) -> None:
        name = arrive(visitor)
        visitor.goto("/account/")
        visitor.get_by_role("link", name="Change password").click()
        visitor.get_by_label("Old password").fill(PASSWORD)
        visitor.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        visitor.get_by_label("New password confirmation").fill(NEW_PASSWORD)
        visitor.get_by_role("button", name="Change password").click()
        expect(heading(visitor, "Password changed")).to_be_visible()
        log_out(visitor)
        log_in(visitor, name, NEW_PASSWORD)
        expect(heading(visitor, "Account")).to_be_visible()

    def test_resets_a_password_by_a_link_that_works_once(self, visitor: Page, demo: Demo) -> None:
        name = arrive(visitor)
        log_out(visitor)
        visitor.goto("/accounts/login/")
        visitor.get_by_role("link", name="Forgot your password?").click()
        visitor.get_by_label("Email").fill(f"{name}@example.com")
        visitor.get_by_role("button", name="Send the link").click()
        expect(heading(visitor, "Look at your mail")).to_be_visible()
        demo.running.read_until(rf"To: {name}@example\.com")
        link = demo.running.read_until(r"(http://\S+/accounts/reset/\S+/)")[1]

        visitor.goto(link)
        visitor.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
        visitor.get_by_label("New password confirmation").fill(NEW_PASSWORD)
        visitor.get_by_role("button", name="Save the password").click()
        expect(heading(visitor, "Password saved")).to_be_visible()
        visitor.goto(link)
        expect(heading(visitor, "This link no longer works")).to_be_visible()
        log_in(visitor, name, NEW_PASSWORD)
        expect(heading(visitor, "Account")).to_be_visible()
