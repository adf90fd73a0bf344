"""Our own settings of products and prices, which Stripe has no fields for: kept in the metadata, with a prefix.

The names once had none, and other programs may use the same ones. One without it is read until the object is saved
here, which writes it with the prefix; what others have under its name is never changed.
"""

from collections.abc import Mapping

PREFIX = "standing_order_"

# The mark of a product that is sold here, for the setting PRODUCTS_ON_SALE=marked. This name must never change.
ON_SALE = "standing_order_on_sale"

OF_PRODUCT = ("can_be_bought_again", "can_be_tried_again", "has_quantity", "grace_days")
OF_PRICE = ("trial_days", "trial_needs_card")

# Written for a setting that is off, if there is one without the prefix that would count otherwise.
OFF = "false"


def read(metadata: Mapping[str, str], name: str) -> str | None:
    return metadata.get(PREFIX + name, metadata.get(name))


def written(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata of a new object; a setting that is empty is off."""
    return {PREFIX + name: text for name, text in settings.items() if text}


def changed(metadata: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Return the change to an object's metadata that sets these, and moves all that have no prefix yet."""
    unmoved = {name: metadata[name] for name in OF_PRODUCT if name in metadata and PREFIX + name not in metadata}
    moved = {name: text for name, text in unmoved.items() if text == "true" or text.isdigit()}
    return {PREFIX + name: text or (OFF if name in metadata else "") for name, text in {**moved, **settings}.items()}


def of_others(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the metadata without our own settings."""
    own = {PREFIX + name for name in (*OF_PRODUCT, *OF_PRICE)}
    return {name: text for name, text in metadata.items() if name not in own}
