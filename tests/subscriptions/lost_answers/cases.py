"""Every page, form, action and endpoint that calls Stripe, one line each: a new one joins by a line of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.subscriptions.conftest import path_to
from tests.subscriptions.lost_answers.pressing import Site

Left = Mapping[str, list[str]]


@dataclass(frozen=True)
class Case:
    """What is done: in which world (a fixture's name), with how many calls, and what it leaves at Stripe.

    `leaves` are the facts that are new afterwards (see state.py), and `says` is in the words that a person reads when
    it is done. `again` is in the words of a second press after the first one was done; by default it says the same.
    One that `is_quiet` does not say whether it has reached Stripe, because it works without.
    """

    name: str
    world: str
    press: Callable[[Site], str]
    calls: int
    leaves: Left
    says: str
    again: str = ""
    is_quiet: bool = False

    def __str__(self) -> str:
        return self.name


MONTH = {"currency": "usd", "interval": "month", "interval_count": "1", "trial_days": ""}
PRODUCTS, PRICES, CODES = (f"/admin/billing/{noun}/" for noun in ("product", "price", "promotioncode"))
SUBSCRIPTIONS, PAYMENTS = (f"/admin/subscriptions/{noun}/" for noun in ("subscription", "payment"))
TWICE = "?paid_twice=newer"
NEW_PRODUCT = {"name": "Team", "amount": "29", "active": "on", **MONTH}


def _price_page(site: Site) -> str:
    return f"{PRICES}{_quoted(site.world.pk)}/change/"


def _product_page(site: Site) -> str:
    return f"{PRODUCTS}{_quoted(site.world.product_id)}/change/"


def _quoted(pk: object) -> str:
    return str(pk).replace("_", "_5F")


def _link_page(site: Site) -> str:
    return f"/admin/subscriptions/customer/{_quoted(site.world)}/link/"


def _user_page(site: Site) -> str:
    return f"/admin/auth/user/{site.person.pk}/delete/"


CASES = [
    # Pages.
    Case(
        "sign up",
        "price",
        lambda site: site.sign_up(),
        1,
        {"customers": ["new@example.com"]},
        "Log out",
        is_quiet=True,
    ),
    Case(
        "sign in",
        "bob",
        lambda site: site.log_in("bob"),
        1,
        {"customers": ["bob@example.com"]},
        "Log out",
        is_quiet=True,
    ),
    Case(
        "buy",
        "price",
        lambda site: site.press(f"/buy/{site.price('Pro').pk}/"),
        1,
        {"sessions": ["subscription open"]},
        "/checkout/",
    ),
    Case(
        "come back from checkout",
        "paid_session",
        lambda site: site.get(f"/checkout/success/?session_id={site.world.stripe_id}"),
        1,
        {},
        "Pro",
    ),
    Case("account after checkout", "paid_session", lambda site: site.get("/account/"), 1, {}, "Pro Active"),
    Case(
        "cancel at the period's end",
        "subscription",
        lambda site: site.press(f"/subscriptions/{site.subscription.pk}/cancel/", when="period_end"),
        1,
        {"subscriptions": ["active 1900 x1 ends"]},
        "will end with the paid period",
    ),
    Case(
        "cancel now",
        "subscription",
        lambda site: site.press(f"/subscriptions/{site.subscription.pk}/cancel/", when="now"),
        1,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "Your subscription has ended.",
        "already ended",
    ),
    Case(
        "cancel while a change waits",
        "waiting",
        lambda site: site.press(f"/subscriptions/{site.subscription.pk}/cancel/", when="period_end"),
        3,
        {"subscriptions": ["active 1900 x1 ends"], "schedules": ["released 2"]},
        "will end with the paid period",
    ),
    Case(
        "resume",
        "ending",
        lambda site: site.post(f"/subscriptions/{site.subscription.pk}/resume/"),
        1,
        {"subscriptions": ["active 1900 x1 goes on"]},
        "Your subscription continues.",
        "not set to end",
    ),
    Case(
        "change now",
        "with_basic",
        lambda site: site.press(path_to(site.subscription, site.price("Basic")), form=0),
        2,
        {"subscriptions": ["active 500 x1 goes on"]},
        "Your plan is changed.",
        "your current plan already",
    ),
    Case(
        "change now to a year",
        "with_yearly",
        lambda site: site.press(path_to(site.subscription, site.price("Pro", interval="year")), form=0),
        3,
        {
            "subscriptions": ["active 19000 x1 goes on"],
            "invoices": ["17733 paid"],
            "intents": ["17733 succeeded"],
        },
        "Your plan is changed.",
        "your current plan already",
    ),
    Case(
        "change later",
        "with_basic",
        lambda site: site.press(path_to(site.subscription, site.price("Basic"))),
        5,
        {"schedules": ["active 2"]},
        "will change at the end",
    ),
    Case(
        "change now while a change waits",
        "waiting",
        lambda site: site.press(path_to(site.subscription, site.price("Team")), form=0),
        4,
        {"subscriptions": ["active 4900 x1 goes on"], "schedules": ["released 2"]},
        "Your plan is changed.",
        "your current plan already",
    ),
    Case(
        "undo a change",
        "waiting",
        lambda site: site.post(f"/subscriptions/{site.subscription.pk}/undo-change/"),
        2,
        {"schedules": ["released 2"]},
        "The scheduled change is undone.",
        "No change of plan is scheduled",
    ),
    Case("portal", "subscription", lambda site: site.post_only("/billing-portal/"), 1, {}, "/portal/"),
    Case(
        "confirm an address",
        "elsewhere",
        lambda site: site.confirm_address(),
        3,
        {},
        "what was bought with it is part of this account",
        "There is nothing to add.",
    ),
    # The catalog's admin.
    Case(
        "add a product",
        "price",
        lambda site: site.save(f"{PRODUCTS}add/", **NEW_PRODUCT),
        1,
        {"products": ["Team active"], "prices": ["Team 2900 active default"]},
        "was added successfully",
    ),
    Case(
        "add a product off sale",
        "price",
        lambda site: site.save(f"{PRODUCTS}add/", **{**NEW_PRODUCT, "active": None}),
        1,
        {"products": ["Team archived"], "prices": ["Team 2900 active default"]},
        "was added successfully",
    ),
    Case(
        "change a product",
        "price",
        lambda site: site.save(_product_page(site), description="Better"),
        1,
        {"products": ["Pro active Better"]},
        "was changed successfully",
    ),
    Case(
        "add a price",
        "price",
        lambda site: site.save(_product_page(site), description="Better", amount="29", **MONTH),
        2,
        {"products": ["Pro active Better"], "prices": ["Pro 2900 active"]},
        "was changed successfully",
    ),
    Case(
        "change an amount",
        "price",
        lambda site: site.save(_price_page(site), amount="29"),
        4,
        {"prices": ["Pro 1900 archived", "Pro 2900 active default"]},
        "was changed successfully",
        "is not on sale any more",
    ),
    Case(
        "archive a product",
        "price",
        lambda site: site.choose(PRODUCTS, "archive", site.world.product),
        1,
        {"products": ["Pro archived"]},
        "Archived: Pro.",
    ),
    Case(
        "restore a product",
        "archived",
        lambda site: site.choose(PRODUCTS, "restore", site.world),
        1,
        {"products": ["Pro active"]},
        "Restored: Pro.",
    ),
    Case(
        "archive a price",
        "yearly",
        lambda site: site.choose(PRICES, "archive", site.world),
        1,
        {"prices": ["Pro 19000 archived"]},
        "Archived:",
    ),
    Case(
        "make a price the default",
        "yearly",
        lambda site: site.choose(PRICES, "make_default", site.world),
        1,
        {"prices": ["Pro 1900 active", "Pro 19000 active default"]},
        "Now the default",
    ),
    Case(
        "add a code",
        "price",
        lambda site: site.save(f"{CODES}add/", code="SPRING", percent_off="20", duration="once"),
        2,
        {"coupons": ["SPRING 20.0"], "codes": ["SPRING active"]},
        "was added successfully",
    ),
    Case(
        "archive a code",
        "spring",
        lambda site: site.choose(CODES, "archive", site.world),
        1,
        {"codes": ["SPRING archived"]},
        "Archived: SPRING.",
    ),
    # The other admin.
    Case(
        "refund a purchase",
        "paid_handbook",
        lambda site: site.press_in_admin(site.page_of(site.world, "refund")),
        1,
        {"refunds": ["4900 succeeded"]},
        "$49.00 refunded.",
        "There is nothing left to refund.",
    ),
    Case(
        "refund a part",
        "paid_handbook",
        lambda site: site.press_in_admin(site.page_of(site.world, "refund"), amount="10.00"),
        1,
        {"refunds": ["1000 succeeded"]},
        "$10.00 refunded.",
    ),
    Case(
        "refund an invoice",
        "paid_invoice",
        lambda site: site.press_in_admin(site.page_of(site.world, "refund")),
        5,
        {"refunds": ["1900 succeeded"]},
        "$19.00 refunded.",
        "There is nothing left to refund.",
    ),
    Case(
        "refund a part of an invoice",
        "paid_invoice",
        lambda site: site.press_in_admin(site.page_of(site.world, "refund"), amount="5.00"),
        5,
        {"refunds": ["500 succeeded"]},
        "$5.00 refunded.",
    ),
    Case(
        "cancel and refund",
        "second",
        lambda site: site.choose(f"{SUBSCRIPTIONS}{TWICE}", "cancel_and_refund", site.world, confirmed=True),
        5,
        {"subscriptions": ["canceled 1900 x1 goes on"], "refunds": ["1900 succeeded"]},
        "Paid twice: cancelled, $19.00 refunded.",
    ),
    Case(
        "refund a second purchase",
        "second_handbook",
        lambda site: site.choose(f"{PAYMENTS}{TWICE}", "refund_wholly", site.world, confirmed=True),
        1,
        {"refunds": ["4900 succeeded"]},
        "Paid twice: $49.00 refunded.",
    ),
    Case(
        "void an invoice",
        "open_invoice",
        lambda site: site.press_in_admin(site.page_of(site.world, "void")),
        1,
        {"invoices": ["1900 void"], "intents": ["1900 canceled"]},
        "Voided.",
    ),
    Case(
        "write an invoice off",
        "open_invoice",
        lambda site: site.press_in_admin(site.page_of(site.world, "write-off")),
        1,
        {"invoices": ["1900 uncollectible"]},
        "Written off.",
    ),
    Case(
        "link a customer",
        "elsewhere",
        lambda site: site.press_in_admin(_link_page(site), user_name="ada", override=site.world),
        3,
        {},
        "Linked cus_",
    ),
    Case(
        "delete a user, cancelling now",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="cancel_now"),
        2,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "was deleted successfully",
    ),
    Case(
        "delete a user, cancelling later",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="at_period_end"),
        2,
        {"subscriptions": ["active 1900 x1 ends"]},
        "was deleted successfully",
    ),
    Case(
        "delete a user, erasing",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="erase"),
        3,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "was deleted successfully",
    ),
    # The API.
    Case(
        "api product",
        "price",
        lambda site: site.call("product", prod_name="Team", unit_amount=2900),
        1,
        {"products": ["Team active"], "prices": ["Team 2900 active default"]},
        '"prod_name": "Team"',
    ),
    Case(
        "api updateprod",
        "price",
        lambda site: site.call("updateprod", prod_name="Pro", unit_amount=2900, description="Better"),
        5,
        {"products": ["Pro active Better"], "prices": ["Pro 1900 archived", "Pro 2900 active default"]},
        '"unit_amount": 2900',
    ),
    Case(
        "api createcustomer",
        "bob",
        lambda site: site.call("createcustomer", user_name="bob"),
        1,
        {"customers": ["bob@example.com"]},
        '"customer_id": "cus_',
    ),
    Case(
        "api session",
        "price",
        lambda site: site.call("session", user_name="ada", price_id=site.world.pk),
        1,
        {"sessions": ["subscription open"]},
        '"session_id": "cs_',
    ),
    Case(
        "api getsubs",
        "paid_session",
        lambda site: site.call("getsubs", user_name="ada"),
        1,
        {},
        '"subscription_id": "sub_',
    ),
    Case(
        "api cancel",
        "subscription",
        lambda site: site.call("cancel", user_name="ada", subscription_id=site.world.pk),
        1,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        '"status": "canceled"',
    ),
    Case(
        "api cancel later",
        "subscription",
        lambda site: site.call("cancel", user_name="ada", subscription_id=site.world.pk, at_period_end=True),
        1,
        {"subscriptions": ["active 1900 x1 ends"]},
        '"cancel_at_period_end": true',
    ),
    Case(
        "api updatesub",
        "with_basic",
        lambda site: site.call("updatesub", user_name="ada", price_id=site.price("Basic").pk),
        2,
        {"subscriptions": ["active 500 x1 goes on"]},
        '"prod_name": "Basic"',
    ),
    # Commands.
    Case(
        "erase a customer",
        "subscription",
        lambda site: site.command("erase_customer", site.world.customer_id, "--no-input"),
        3,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "Erased",
    ),
    Case(
        "mend the endpoint",
        "price",
        lambda site: site.command("stripe_doctor", "--fix"),
        10,
        {"endpoints": ["http://127.0.0.1:8000/stripe/webhook/"]},
        "we_",
    ),
]


# Why something needs no case begins so.
NO_CALL = "no call: "

# The case, or one of the cases, of each page, endpoint and action; the forms of the admin are in CASES alone.
COVERED = {
    "page plans": f"{NO_CALL}reads rows",
    "page buy": "buy",
    "page checkout_success": "come back from checkout",
    "page checkout_cancelled": f"{NO_CALL}only words",
    "page members": f"{NO_CALL}reads rows",
    "page account": "account after checkout",
    "page address_ask": f"{NO_CALL}sends a mail; a confirmed address goes on as in the next",
    "page address_confirm": "confirm an address",
    "page invoices": f"{NO_CALL}reads rows",
    "page history": f"{NO_CALL}reads rows",
    "page billing_portal": "portal",
    "page change_choose": f"{NO_CALL}reads rows",
    "page undo_change": "undo a change",
    "page change": "change now",
    "page cancel": "cancel now",
    "page resume": "resume",
    "page stripe_webhook": f"{NO_CALL}Stripe's own, which only reads",
    "api product": "api product",
    "api updateprod": "api updateprod",
    "api createcustomer": "api createcustomer",
    "api session": "api session",
    "api getsubs": "api getsubs",
    "api cancel": "api cancel",
    "api updatesub": "api updatesub",
    "api plans": f"{NO_CALL}reads rows",
    "api me": f"{NO_CALL}reads rows",
    "action Product.archive": "archive a product",
    "action Product.restore": "restore a product",
    "action Product.show_here": f"{NO_CALL}writes rows",
    "action Product.hide_here": f"{NO_CALL}writes rows",
    "action Product.follow_setting": f"{NO_CALL}writes rows",
    "action Price.archive": "archive a price",
    "action Price.restore": "archive a price",
    "action Price.make_default": "make a price the default",
    "action PromotionCode.archive": "archive a code",
    "action PromotionCode.restore": "archive a code",
    "action Customer.archive": f"{NO_CALL}writes rows",
    "action Customer.restore": f"{NO_CALL}writes rows",
    "action Subscription.cancel_and_refund": "cancel and refund",
    "action Payment.refund_wholly": "refund a second purchase",
    "action Payment.mark_given_back": f"{NO_CALL}writes rows",
    "action ApiToken.revoke": f"{NO_CALL}writes rows",
    "action WebhookEvent.process_again": f"{NO_CALL}only reads at Stripe",
}
