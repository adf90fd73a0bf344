"""The store's tables, and which members of which objects can be looked up without walking all of them."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    kind TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, deleted INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX IF NOT EXISTS objects_position ON objects (kind, position);
CREATE TABLE IF NOT EXISTS links (
    kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (kind, name, value, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_position ON links (kind, position);
CREATE TABLE IF NOT EXISTS due (kind TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX IF NOT EXISTS due_at ON due (at);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# kind -> the name a list filters by -> where the value is; lists on the way are gone through.
LINKED: dict[str, dict[str, tuple[str, ...]]] = {
    "price": {"product": ("product",), "lookup_key": ("lookup_key",)},
    "customer": {"email": ("email",)},
    "checkout.session": {
        "customer": ("customer",),
        "subscription": ("subscription",),
        "payment_intent": ("payment_intent",),
    },
    "subscription": {"customer": ("customer",), "price": ("items", "data", "price")},
    "subscription_schedule": {"customer": ("customer",)},
    "subscription_item": {"subscription": ("subscription",)},
    "invoice": {
        "customer": ("customer",),
        "subscription": ("parent", "subscription_details", "subscription"),
    },
    "invoiceitem": {"customer": ("customer",), "invoice": ("invoice",)},
    "invoice_payment": {"invoice": ("invoice",), "payment_intent": ("payment", "payment_intent")},
    "payment_intent": {"customer": ("customer",)},
    "payment_method": {"customer": ("customer",)},
    "setup_intent": {"customer": ("customer",)},
    "charge": {"customer": ("customer",), "payment_intent": ("payment_intent",)},
    "promotion_code": {"code": ("_code",), "coupon": ("promotion", "coupon"), "customer": ("customer",)},
    "refund": {"payment_intent": ("payment_intent",), "charge": ("charge",)},
    "event": {"type": ("type",)},
    "_delivery": {"state": ("state",)},
}
