"""Every form and action of the admin for people and what they bought, one line each."""

from django.contrib.admin.utils import quote

from tests.subscriptions.lost_answers.case import Case
from tests.subscriptions.lost_answers.pressing import Site

SUBSCRIPTIONS, PAYMENTS = (f"/admin/subscriptions/{noun}/" for noun in ("subscription", "payment"))
TWICE = "?paid_twice=newer"


def _link_page(site: Site) -> str:
    return f"/admin/subscriptions/customer/{quote(site.world)}/link/"


def _user_page(site: Site) -> str:
    return f"/admin/auth/user/{site.person.pk}/delete/"


CASES = [
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
        4,
        {},
        "Linked cus_",
    ),
    Case(
        "delete a user, cancelling now",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="cancel_now"),
        3,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "was deleted successfully",
    ),
    Case(
        "delete a user, cancelling later",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="at_period_end"),
        3,
        {"subscriptions": ["active 1900 x1 ends"]},
        "was deleted successfully",
    ),
    Case(
        "delete a user, erasing",
        "subscription",
        lambda site: site.press_in_admin(_user_page(site), post="yes", fate="erase"),
        4,
        {"subscriptions": ["canceled 1900 x1 goes on"]},
        "was deleted successfully",
    ),
]
