"""Replacing a price by one with another amount, because a price's amount can't be edited at Stripe.

An interrupted replacement is found by the metadata of the two prices, and finished.
"""

from collections.abc import Mapping
from dataclasses import replace

from billing import gateway, locks
from billing.catalog.errors import ChangedMeanwhile, NotOnSale
from billing.catalog.prices import carried_terms
from billing.catalog.services import PriceTerms, create_price, price_creation
from billing.catalog.stripe_changes import current_product, save_new, send_price_change, send_product_change
from billing.kept_requests import REQUEST, open_request
from billing.mirror import own_metadata
from billing.mirror.kinds import PRICE
from billing.models import Price

# Metadata keys at Stripe. Never change them: prices that were replaced before have them.
# On a new price: the id of the price that it replaces.
REPLACES = "standing_order_replaces"
# On a replaced price: the id of the new price. If it is missing, the replacement was interrupted.
REPLACED_BY = "standing_order_replaced_by"


def change_price(*, price: Price, unit_amount: int, request_id: str) -> Price:
    """Replace a price by one with another amount: create the new price, make it the default, archive the old one.

    A price's amount can't be edited at Stripe (https://docs.stripe.com/products-prices/manage-prices#edit-price).
    In this order an interruption leaves one of them on sale, and a repeat with the same `request_id` finishes the
    change. Running subscriptions stay on the old price.

    Raises ChangedMeanwhile while a price of the product is being changed by somebody else: two at once would leave two
    prices on sale. Raises NotOnSale if the price is archived already, unless this same change replaced it;
    HasOtherCurrencies or HasOtherTerms if the new price would lose a term of the old one.
    The price returned is itself off sale if `request_id` had created it earlier and it was archived since.
    """
    try:
        with locks.held(f"change a price of {price.product_id}"):
            return _change_amount(price, unit_amount, request_id)
    except locks.HeldByAnother as held:
        raise ChangedMeanwhile.right_now(current_product(price)) from held


def _change_amount(price: Price, unit_amount: int, request_id: str) -> Price:
    if not Price.objects.filter(pk=price.pk, active=True).exists():
        return _replacement_of(price, unit_amount)
    product = current_product(price)
    # Our row has only some of its terms.
    whole = gateway.retrieve_price(price.pk).object
    carried_terms.check(price, whole)
    labels = {**_labels(whole["metadata"]), REPLACES: price.pk}
    terms = replace(_terms_of(price, unit_amount=unit_amount), labels=labels, more=carried_terms.of(whole))
    with open_request("change_price", [price.pk, unit_amount], request_id=request_id, about=price.pk) as opened:
        others = [made for _, made in opened.asked_otherwise(price_creation(product, {}))]
        replacement = create_price(product, terms, opened)
        if not replacement.active or replacement.is_deleted:
            # This `request_id` created it earlier, and it was archived since: it must not become the default.
            return replacement
        if product.default_price_id in {price.pk, "", *(other.id for other in others)}:
            send_product_change(product, {"default_price": replacement.pk})
        for other in (each for each in others if each.id != replacement.pk):
            # Another amount was asked for before and the answer was lost: it must not stay on sale beside this one.
            send_price_change(save_new(PRICE, other), {"active": False, "metadata": {REPLACES: ""}})
        opened.close_others_about()
        _hand_over(price, replacement, whole.get("lookup_key"))
    return replacement


def finish_replacement(*, replacement: Price) -> None:
    """Archive the price that this one replaces, if `change_price` was interrupted before that.

    A replaced price that staff have restored since stays on sale.
    """
    if REPLACES not in replacement.metadata:
        return
    replaced = Price.objects.filter(pk=replacement.metadata[REPLACES], product=replacement.product_id)
    old = replaced.filter(active=True, is_deleted=False).first()
    if old is not None and old.metadata.get(REPLACED_BY) != replacement.pk:
        _hand_over(old, replacement, gateway.retrieve_price(old.pk).object.get("lookup_key"))


def _hand_over(old: Price, replacement: Price, lookup_key: str | None) -> None:
    """Give the new price the old one's lookup key, with which other programs find it, and archive the old one."""
    if lookup_key:
        send_price_change(replacement, {"lookup_key": lookup_key, "transfer_lookup_key": True})
    _archive_replaced(old, replacement)


def _archive_replaced(old: Price, replacement: Price) -> None:
    # Setting one key unsets the other: Stripe takes at most fifty.
    send_price_change(old, {"active": False, "metadata": {REPLACES: "", REPLACED_BY: replacement.pk}})


def _replacement_of(price: Price, unit_amount: int) -> Price:
    """A price on sale with an archived price's terms and this amount. Raises NotOnSale if there is none."""
    terms = _terms_of(price, unit_amount=unit_amount)
    others = Price.objects.plain().filter(product=price.product_id, active=True, is_deleted=False)
    for other in others.filter(unit_amount=unit_amount):
        if _terms_of(other, unit_amount=unit_amount) == terms:
            return other
    raise NotOnSale.replaced_or_archived(price)


def _terms_of(price: Price, *, unit_amount: int) -> PriceTerms:
    """The price's terms with another amount."""
    return PriceTerms(
        unit_amount=unit_amount,
        currency=price.currency,
        interval=price.interval,
        interval_count=price.interval_count,
        trial_days=price.trial_days,
        trial_needs_card=price.trial_needs_card,
        nickname=price.nickname,
        labels=_labels(price.metadata),
    )


def _labels(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a price that other programs or people have written."""
    of_ours = {REPLACES, REPLACED_BY, REQUEST}
    return {name: text for name, text in own_metadata.of_others(metadata).items() if name not in of_ours}
