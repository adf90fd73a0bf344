"""The table of object kinds: `KINDS` has one row for each kind of object that the sandbox plays.

New ids, list URLs, look-ups by member, expand-only members, "No such …" errors and the links on object pages are
derived from it. To add a kind, add its row here and its shapes and routes to the package of its noun.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str, ...]
Finder = Path | Callable[[dict[str, Any]], Iterable[str]]


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    `name` is Stripe's `object`; the names of the sandbox's own records begin with an underscore. `prefix` is how ids
    begin, None if they have no prefix. `is_stored` is false for objects that exist only inside others. `noun` is the
    name in "No such …" where it is not `name` in words. `created` is the member with the time of creation.
    `indexed` maps each name that `Store.scan` can look up to the path of its values, or to a function that returns the
    values; paths go through lists. `is_bundled` is for objects of one second that repeat each other: events.
    `has_chosen_ids` is for objects whose ids a request can choose.
    `expand_only` members are left out of an answer unless `expand` asks for them.
    """

    name: str
    prefix: str | None = None
    id_length: int = 24
    is_stored: bool = True
    list_url: str | None = None
    noun: str | None = None
    created: str = "created"
    indexed: Mapping[str, Finder] = field(default_factory=dict)
    is_bundled: bool = False
    has_chosen_ids: bool = False
    expand_only: frozenset[str] = frozenset()


def _same_name(*members: str) -> dict[str, Finder]:
    """Return the paths of members that are indexed under their own names."""
    return {member: (member,) for member in members}


def _undelivered(event: dict[str, Any]) -> Iterable[str]:
    return ("true",) if event["pending_webhooks"] else ()


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "balance_transaction",
            prefix="txn",
            list_url="/v1/balance_transactions",
            noun="balance transaction",
            indexed=_same_name("source"),
        ),
        Kind(
            "billing.meter",
            prefix="mtr_test",
            id_length=32,
            list_url="/v1/billing/meters",
            noun="meter",
            indexed=_same_name("event_name"),
        ),
        Kind(
            "billing_portal.configuration",
            prefix="bpc",
            list_url="/v1/billing_portal/configurations",
            noun="configuration",
        ),
        Kind("billing_portal.session", prefix="bps"),
        Kind(
            "charge",
            prefix="ch",
            list_url="/v1/charges",
            indexed=_same_name("customer", "payment_intent"),
            expand_only=frozenset({"refunds"}),
        ),
        Kind(
            "checkout.session",
            prefix="cs_test",
            id_length=58,
            list_url="/v1/checkout/sessions",
            noun="checkout.session",
            indexed=_same_name("customer", "subscription", "payment_intent", "payment_link", "recovered_from"),
            expand_only=frozenset({"line_items"}),
        ),
        Kind(
            "coupon",
            list_url="/v1/coupons",
            has_chosen_ids=True,
            expand_only=frozenset({"applies_to", "currency_options"}),
        ),
        Kind(
            "customer",
            prefix="cus",
            id_length=14,
            list_url="/v1/customers",
            indexed=_same_name("test_clock", "email"),
            expand_only=frozenset(
                {"subscriptions", "sources", "tax", "tax_ids", "cash_balance", "invoice_credit_balance"}
            ),
        ),
        Kind("credit_note", prefix="cn", list_url="/v1/credit_notes", indexed=_same_name("customer", "invoice")),
        Kind("credit_note_line_item", prefix="cnli", is_stored=False),
        Kind("customer_balance_transaction", prefix="cbtxn", indexed=_same_name("customer", "invoice")),
        Kind("discount", prefix="di", created="start"),
        Kind("dispute", prefix="du", list_url="/v1/disputes", indexed=_same_name("charge", "payment_intent")),
        Kind(
            "event",
            prefix="evt",
            list_url="/v1/events",
            indexed={"type": ("type",), "undelivered": _undelivered},
            is_bundled=True,
        ),
        Kind("_thin_event"),
        Kind(
            "invoice",
            prefix="in",
            list_url="/v1/invoices",
            indexed={
                "customer": ("customer",),
                "subscription": ("parent", "subscription_details", "subscription"),
                **_same_name("status", "collection_method"),
            },
            expand_only=frozenset({"payments", "confirmation_secret"}),
        ),
        Kind(
            "invoice_payment",
            prefix="inpay",
            list_url="/v1/invoice_payments",
            indexed={
                "invoice": ("invoice",),
                "payment_intent": ("payment", "payment_intent"),
                "payment_record": ("payment", "payment_record"),
            },
        ),
        Kind(
            "invoiceitem",
            prefix="ii",
            list_url="/v1/invoiceitems",
            created="date",
            indexed=_same_name("customer", "invoice"),
        ),
        Kind("item", prefix="li", is_stored=False),
        Kind("line_item", prefix="il", is_stored=False),
        Kind(
            "payment_intent",
            prefix="pi",
            list_url="/v1/payment_intents",
            noun="payment_intent",
            indexed=_same_name("customer"),
        ),
        Kind(
            "payment_link",
            prefix="plink",
            list_url="/v1/payment_links",
            noun="payment link",
            created="_created",
            expand_only=frozenset({"line_items"}),
        ),
        Kind(
            "payment_method",
            prefix="pm",
            list_url="/v1/payment_methods",
            noun="PaymentMethod",
            indexed=_same_name("customer"),
        ),
        Kind("plan", is_stored=False, list_url="/v1/plans", expand_only=frozenset({"tiers"})),
        Kind(
            "price",
            prefix="price",
            list_url="/v1/prices",
            has_chosen_ids=True,
            indexed=_same_name("product", "lookup_key"),
            expand_only=frozenset({"tiers", "currency_options"}),
        ),
        Kind("product", prefix="prod", id_length=14, list_url="/v1/products", has_chosen_ids=True),
        Kind(
            "promotion_code",
            prefix="promo",
            list_url="/v1/promotion_codes",
            indexed={"code": ("_code",), "coupon": ("promotion", "coupon"), "customer": ("customer",)},
        ),
        Kind("refund", prefix="re", list_url="/v1/refunds", indexed=_same_name("payment_intent", "charge")),
        Kind(
            "setup_intent",
            prefix="seti",
            list_url="/v1/setup_intents",
            noun="setupintent",
            indexed=_same_name("customer", "payment_method"),
        ),
        Kind(
            "subscription",
            prefix="sub",
            list_url="/v1/subscriptions",
            indexed={
                "item": ("items", "data"),
                "pending_setup_intent": ("pending_setup_intent",),
                "price": ("items", "data", "price"),
                **_same_name("customer", "status", "collection_method", "test_clock"),
            },
        ),
        Kind("subscription_item", prefix="si", id_length=14, is_stored=False, noun="subscription_item"),
        Kind(
            "subscription_schedule",
            prefix="sub_sched",
            list_url="/v1/subscription_schedules",
            indexed=_same_name("customer"),
        ),
        Kind(
            "test_helpers.test_clock",
            prefix="clock",
            list_url="/v1/test_helpers/test_clocks",
            noun="test clock",
        ),
        Kind("tax_id", prefix="txi", indexed=_same_name("customer")),
        Kind("webhook_endpoint", prefix="we", list_url="/v1/webhook_endpoints"),
        Kind("_answer"),
        Kind("_preview"),
        Kind("_meter_event", prefix="mtrev", indexed=_same_name("identifier", "usage")),
        Kind("_delivery", prefix="del", indexed=_same_name("state")),
    )
}


def expand_only(name: str) -> frozenset[str]:
    """Return the members that objects of this kind show only when `expand` asks for them."""
    kind = KINDS.get(name)
    return kind.expand_only if kind else frozenset()
