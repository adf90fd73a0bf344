"""All cases, and which of them covers each page, endpoint and action."""

from tests.subscriptions.lost_answers import catalog, customers, pages, programs

CASES = [*pages.CASES, *catalog.CASES, *customers.CASES, *programs.CASES]

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
    "page cancel_order": "cancel an order",
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
