"""The amounts of a price as a request gives them: per unit, tiers, custom amounts, packages, other currencies.

The functions return the price's members; they raise ApiError for amounts that Stripe refuses.
"""

from typing import Any

from sandbox.core import money
from sandbox.core.errors import ApiError
from sandbox.core.store import Object
from sandbox.http import limits

Params = dict[str, Any]

AMOUNTS = ("unit_amount", "unit_amount_decimal", "custom_unit_amount")
MOST_TIERS = 100
NO_AMOUNT = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set."
PACKAGES_AND_TIERS = "You cannot specify `transform_quantity` with `billing_scheme=tiered`."


def members(params: Params, *, currency: str) -> Params:
    """Return the members of a new price that say what it costs."""
    scheme = params.get("billing_scheme", "per_unit")
    found: Params = {"billing_scheme": scheme, "tiers_mode": None}
    if scheme == "tiered":
        found["tiers_mode"] = _tiers_mode(params)
    elif params.keys() & {"tiers", "tiers_mode"}:
        named = "tiers" if "tiers" in params else "tiers_mode"
        raise ApiError.invalid(f"You can only specify `{named}` with `billing_scheme=tiered`.", param=named)
    found |= _of_currency(params, currency=currency, scheme=scheme)
    if "transform_quantity" in params:
        found["transform_quantity"] = _transform(params, scheme)
    if found["custom_unit_amount"] and "recurring" in params:
        raise ApiError.invalid("`custom_unit_amount` can only be used with one-time prices.", param="recurring")
    found["currency_options"] = _options(params, found, currency=currency)
    return found


def changed_options(price: Object, given: Params) -> Params:
    """Return the `currency_options` of a price after an update; an empty text removes a currency.

    The amounts of the price's own currency can't be changed.
    """
    options = dict(price["currency_options"])
    for name, option in given.items():
        currency = limits.currency(name, param=f"currency_options[{name}]")
        if currency == price["currency"]:
            options[currency] = options[currency] | _own_option(option, options[currency], name)
        elif option == "":
            options.pop(currency, None)
        else:
            options[currency] = _option(option, currency=currency, scheme=price["billing_scheme"])
    return options


def check_custom(price: Object, amount: int, *, param: str, currency: str | None = None) -> int:
    """Return the amount that a customer chose for a price with `custom_unit_amount`, within its bounds."""
    own = currency or price["currency"]
    options = price["currency_options"][own]["custom_unit_amount"]
    least, most = options["minimum"] or 0, options["maximum"] or limits.MAX_AMOUNT
    if not least <= amount <= most:
        raise ApiError.invalid(
            f"The amount must be between {money.shown(least, own)} and {money.shown(most, own)}.", param=param
        )
    return limits.stepped(amount, own, param=param)


def _of_currency(params: Params, *, currency: str, scheme: str, path: str = "") -> Params:
    """Return the amounts in one currency: `params` are those of the price or of one of its currency options."""
    named = [name for name in AMOUNTS if name in params]
    if scheme == "tiered":
        if named:
            raise ApiError.invalid(
                f"You cannot specify `{named[0]}` with `billing_scheme=tiered`.", param=_under(path, named[0])
            )
        tiers = _tiers(params, currency, _under(path, "tiers"))
        return {"custom_unit_amount": None, "tiers": tiers, "unit_amount": None, "unit_amount_decimal": None}
    if len(named) > 1:
        raise ApiError.invalid(f"You may only specify one of these parameters: {', '.join(named)}.")
    if not named:
        raise ApiError.invalid(NO_AMOUNT)
    if named[0] == "custom_unit_amount":
        custom = _custom(params["custom_unit_amount"], currency, _under(path, "custom_unit_amount"))
        return {"custom_unit_amount": custom, "unit_amount": None, "unit_amount_decimal": None}
    return {"custom_unit_amount": None} | _amount(params, "unit_amount", currency, path)


def _amount(params: Params, name: str, currency: str, path: str) -> Params:
    """Return an amount under its name, None if it has a fraction, and under `…_decimal`."""
    if name in params:
        amount = limits.stepped(
            limits.amount(params[name], param=_under(path, name), currency=currency),
            currency,
            param=_under(path, name),
        )
        return {name: amount, f"{name}_decimal": str(amount)}
    param = _under(path, f"{name}_decimal")
    exact = limits.decimal_amount(params[f"{name}_decimal"], param=param, currency=currency)
    whole = int(exact) if exact == int(exact) else None
    if whole is not None:
        limits.stepped(whole, currency, param=param)
    return {name: whole, f"{name}_decimal": limits.plain_decimal(exact)}


def _tiers_mode(params: Params) -> str:
    if "tiers_mode" not in params:
        raise ApiError.missing_parameter("tiers_mode")
    mode: str = params["tiers_mode"]
    return mode


def _tiers(params: Params, currency: str, path: str) -> list[Object]:
    given = limits.items(params.get("tiers", []), param=path, most=MOST_TIERS)
    if not given:
        raise ApiError.missing_parameter(path)
    tiers = [_tier(each, currency, f"{path}[{index}]") for index, each in enumerate(given)]
    bounds = [tier["up_to"] for tier in tiers]
    if bounds[-1] is not None:
        raise ApiError.invalid("The last tier's `up_to` must be `inf`.", param=f"{path}[{len(tiers) - 1}][up_to]")
    for index, (lower, upper) in enumerate(zip([0, *bounds], bounds[:-1], strict=False)):
        if upper is None or upper <= lower:
            raise ApiError.invalid(
                "Tiers must be in ascending order of `up_to`, and only the last one can be `inf`.",
                param=f"{path}[{index}][up_to]",
            )
    return tiers


def _tier(given: Params, currency: str, path: str) -> Object:
    for name in ("flat_amount", "unit_amount"):
        if name in given and f"{name}_decimal" in given:
            raise ApiError.invalid(
                f"You may only specify one of these parameters: {name}, {name}_decimal.", param=path
            )
    tier: Object = {"flat_amount": None, "flat_amount_decimal": None, "unit_amount": None}
    tier |= {"unit_amount_decimal": None, "up_to": None if given["up_to"] == "inf" else given["up_to"]}
    if not given.keys() - {"up_to"}:
        raise ApiError.invalid("An entry in the tiers array is missing an amount.", param=path)
    for name in ("flat_amount", "unit_amount"):
        if given.keys() & {name, f"{name}_decimal"}:
            tier |= _amount(given, name, currency, path)
    if tier["flat_amount_decimal"] is not None and tier["flat_amount"] is None:
        raise ApiError.invalid("`flat_amount_decimal` must be an integer.", param=f"{path}[flat_amount_decimal]")
    return tier


def _custom(given: Params, currency: str, path: str) -> Object:
    if not given["enabled"]:
        raise ApiError.invalid(
            "`enabled` must be true; omit `custom_unit_amount` otherwise.", param=f"{path}[enabled]"
        )
    bounds: Object = {}
    for name in ("maximum", "minimum", "preset"):
        param = f"{path}[{name}]"
        amount = given.get(name)
        bounds[name] = amount and limits.stepped(limits.positive(amount, param=param), currency, param=param)
    least, most = bounds["minimum"] or 0, bounds["maximum"] or limits.MAX_AMOUNT
    if least > most:
        raise ApiError.invalid("`minimum` must be less than or equal to `maximum`.", param=f"{path}[minimum]")
    if bounds["preset"] is not None and not least <= bounds["preset"] <= most:
        raise ApiError.invalid("`preset` must be between `minimum` and `maximum`.", param=f"{path}[preset]")
    return bounds


def _transform(params: Params, scheme: str) -> Params:
    if scheme == "tiered":
        raise ApiError.invalid(PACKAGES_AND_TIERS, param="transform_quantity")
    given: Params = params["transform_quantity"]
    limits.positive(given["divide_by"], param="transform_quantity[divide_by]")
    return given


def _options(params: Params, own: Params, *, currency: str) -> Params:
    """Return the amounts by currency, the price's own included, as Stripe does."""
    shared = {name: own[name] for name in (*AMOUNTS, "tiers") if name in own}
    options: Params = {currency: shared | {"tax_behavior": params.get("tax_behavior", "unspecified")}}
    for name, given in params.get("currency_options", {}).items():
        other = limits.currency(name, param=f"currency_options[{name}]")
        if other == currency:
            raise ApiError.invalid(
                f"`currency_options` cannot contain the price's own currency: {currency}.",
                param=f"currency_options[{name}]",
            )
        options[other] = _option(given, currency=other, scheme=own["billing_scheme"])
        if bool(own["custom_unit_amount"]) != bool(options[other]["custom_unit_amount"]):
            raise ApiError.invalid(
                "All currencies of a price must have the same kind of amount.", param=f"currency_options[{name}]"
            )
    return options


def _option(given: Params, *, currency: str, scheme: str) -> Params:
    path = f"currency_options[{currency}]"
    amounts = _of_currency(given, currency=currency, scheme=scheme, path=path)
    return amounts | {"tax_behavior": given.get("tax_behavior", "unspecified")}


def _own_option(given: Params | str, present: Params, name: str) -> Params:
    if not isinstance(given, dict) or given.keys() - {"tax_behavior"}:
        raise ApiError.invalid(
            "The amounts of a price's own currency cannot be changed.", param=f"currency_options[{name}]"
        )
    return {"tax_behavior": given.get("tax_behavior", present["tax_behavior"])}


def _under(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
