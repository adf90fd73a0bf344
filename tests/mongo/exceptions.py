"""What is let pass, and why. Everything else that a rule finds fails the test that sent it."""

from dataclasses import dataclass

from tests.mongo.askers import Asker

# Collections that stay small enough to be read whole: a few hundred documents at most.
SMALL = {
    "auth_group": "staff's roles",
    "auth_permission": "one for each model and kind of change",
    "billing_coupon": "the catalog",
    "billing_installation": "one row",
    "billing_price": "the catalog",
    "billing_product": "the catalog",
    "billing_promotioncode": "the catalog",
    "auth_user_groups": "staff's roles",
    "auth_user_user_permissions": "staff's permissions",
    "django_content_type": "one for each model",
    "django_migrations": "one for each migration",
    "subscriptions_apitoken": "the tokens that staff made for programs",
    "subscriptions_detailstosend": "a queue that each pass empties",
    "subscriptions_linkedcustomer": "the customers that staff linked by hand",
    "subscriptions_productclaim": "the purchases and changes that are under way",
    "subscriptions_syncstate": "one row",
}

# Fields that one or few documents share, such as all of one customer: to sort these in memory costs nothing.
FEW = {"customer_id", "digest", "invoice_id", "payment_intent_id", "schedule_id", "subscription_id", "user_id"}


@dataclass(frozen=True)
class Exempt:
    """Statements that may break a rule: this asker's, if their shape contains each of the `parts`."""

    rule: str
    asker: Asker
    parts: tuple[str, ...]
    reason: str

    def covers(self, rule: str, asker: Asker, shape: str) -> bool:
        return (rule, asker) == (self.rule, self.asker) and all(part in shape for part in self.parts)


WHOLE, SORT, JOIN = "filter_uses_an_index", "hurry_sorts_by_an_index", "hurry_finds_before_it_joins"
DAILY = "The full reconcile, once a day, compares every row."

EXEMPT = [
    Exempt(WHOLE, Asker.COMMAND, (), "Commands are run by hand, and may take their time."),
    Exempt(
        WHOLE, Asker.PRODUCT, (), "A test calls it; who waits for it is judged where a page or a command calls it."
    ),
    Exempt(WHOLE, Asker.ADMIN, (' [{"$project": ',), "Who deletes a person looks for traces in everything stored."),
    Exempt(
        WHOLE,
        Asker.ADMIN,
        ('[{"$group": {"_id": {"', '}}}, {"$project": '),
        "Django offers the values that a column has as a filter of a list; only staff wait for it.",
    ),
    Exempt(WHOLE, Asker.QUIET_PASS, ('read auth_user [{"$sort": {"_id": 1}}, {"$project"',), DAILY),
    Exempt(
        WHOLE,
        Asker.PAGE,
        ("subscriptions_webhookevent", '"total": {"$sum"', '"last_at": {"$max"'),
        "Monitors ask how many events came by each way: /healthz?full, with a token.",
    ),
    Exempt(WHOLE, Asker.ADMIN, ("subscriptions_webhookevent", '"total": {"$sum"', '"last_at": {"$max"'), "The same."),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_subscription [", '{"$facet"', '"__count"'), DAILY),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_subscription [", '"schedule_id": {"$ne": "?"}'), DAILY),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_subscription [", '"unsaved_history_line": {"$ne": "?"}'), DAILY),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_subscriptionschedule [", '{"status": {"$in": ["?"]}}'), DAILY),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_payment [", '{"$nor": [{"payment_intent_id": "?"}]}'), DAILY),
    Exempt(WHOLE, Asker.PASS, ("read subscriptions_checkoutsession [", '"from": "subscriptions_payment"'), DAILY),
    *(
        Exempt(
            rule,
            asker,
            parts,
            "A person is found by the text itself, in whatever case: no index of MongoDB does that.",
        )
        for rule in (WHOLE,)
        for asker in (Asker.PAGE, Asker.API)
        for parts in (
            ('read auth_user [{"$match": {"$and": [{"email": {"$regex"',),
            ('read auth_user [{"$match": {"email": {"$regex"',),
            ('read auth_user [{"$match": {"username": {"$regex"',),
        )
    ),
    *(
        Exempt(rule, asker, parts, "Joins to find a customer by the person; the account is to be asked first.")
        for rule in (WHOLE, JOIN, SORT)
        for asker in (Asker.PAGE, Asker.API)
        for parts in (
            ('read subscriptions_customer [{"$lookup": {"from": "subscriptions_billingaccount"',),
            ('read auth_user [{"$lookup": {"from": "subscriptions_billingaccount"',),
            ('read subscriptions_subscription [{"$lookup": {"from": "subscriptions_customer"',),
            ('read subscriptions_apitoken [{"$lookup": {"from": "auth_user"',),
            ('read subscriptions_checkoutsession [{"$lookup": {"as": "__subquery0"',),
            ('read subscriptions_subscription [{"$lookup": {"from": "subscriptions_subscriptionschedule"',),
        )
    ),
    Exempt(
        SORT,
        Asker.WEBHOOK,
        ("subscriptions_webhookevent", '"attempts": {"$lt"', '{"$sort": {"claimed_at": 1, "stripe_created_at": 1}}'),
        "Of the events that are not done, which an index finds, there are few.",
    ),
]


def is_exempt(rule: str, asker: Asker, shape: str) -> bool:
    return any(each.covers(rule, asker, shape) for each in EXEMPT)
