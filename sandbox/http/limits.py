"""Stripe's limits on single values: texts, amounts, times, URLs, e-mail addresses and currencies.

Each function returns the valid value and raises ApiError for any other, naming `param`.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from sandbox.core import money, periods
from sandbox.core.errors import ApiError

MAX_AMOUNT = 99_999_999
MAX_TEXT = 5000
MAX_NAME = 250
MAX_CODE = 500
MAX_EMAIL = 512
LONGEST_DURATION = {"day": 3660, "week": 522, "month": 120, "year": 10}
FIVE_YEARS = 5 * 365 * 86_400

CURRENCIES = (
    "usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp "
    "cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils "
    "inr isk jmd jpy kes kgs khr kmf krw kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr "
    "mzn nad ngn nio nok npr nzd pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd "
    "std szl thb tjs top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw bhd jod kwd omr tnd"
).split()


def currency(text: str, *, param: str = "currency") -> str:
    """Return the currency in lower case; refuse an unknown one."""
    code = text.lower()
    if code not in CURRENCIES:
        raise ApiError.invalid(
            f"Invalid currency: {code}. Stripe currently supports these currencies: {', '.join(CURRENCIES)}",
            param=param,
        )
    return code


def amount(value: int, *, param: str, currency: str = "usd") -> int:
    """Return an amount in minor units: not negative, with as many digits as the currency's charges have."""
    most = money.most_charge(currency)
    if value < 0:
        raise ApiError.invalid("Invalid non-negative integer", param=param, code="parameter_invalid_integer")
    if value > most:
        raise ApiError.invalid(
            f"Invalid integer: {value} must be no more than {most}.",
            param=param,
            code="parameter_invalid_integer",
        )
    return value


def positive(value: int, *, param: str, currency: str = "usd") -> int:
    """Return an amount or a number of at least 1."""
    if value < 1:
        raise ApiError.invalid(
            "This value must be greater than or equal to 1.", param=param, code="parameter_invalid_integer"
        )
    return amount(value, param=param, currency=currency)


def stepped(value: int, currency: str, *, param: str) -> int:
    """Return an amount in the steps that Stripe charges: whole kronur for isk, tens of fils for kwd."""
    if value % money.step(currency):
        raise ApiError.invalid(
            f"Invalid amount: {value} must be divisible by {money.step(currency)} in {currency.upper()}.",
            param=param,
            code="parameter_invalid_integer",
        )
    return value


def decimal_amount(value: Decimal, *, param: str, currency: str = "usd") -> Decimal:
    """Return an amount in minor units with a fraction of at most twelve decimals."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > money.DECIMALS_OF_PRICES:
        raise ApiError.invalid(
            f"Invalid decimal: {value:f}; must contain at maximum {money.DECIMALS_OF_PRICES} decimal places.",
            param=param,
        )
    amount(int(value) if value >= 0 else -1, param=param, currency=currency)
    return value


def plain_decimal(value: Decimal) -> str:
    """Return a decimal as text without trailing zeros: 0.25, 1900."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def future(moment: int, *, param: str, now: int) -> int:
    """Return a time in the future, at most five years ahead."""
    if moment <= now:
        raise ApiError.invalid(
            f"The parameter `{param}` expects a unix timestamp representing a date and time in the future. You "
            f"specified the value `{moment}` which is in the past.",
            param=param,
        )
    if moment > now + FIVE_YEARS:
        raise ApiError.invalid("Invalid timestamp: can be no more than five years in the future.", param=param)
    return moment


def end_of(length: Mapping[str, Any], *, start: int, param: str) -> int:
    """Return the end of a `duration`, which has an interval and their number."""
    interval, count = length["interval"], length.get("interval_count", 1)
    if count > LONGEST_DURATION[interval]:
        raise ApiError.invalid("The maximum duration is ten years.", param=f"{param}[interval_count]")
    count = positive(count, param=f"{param}[interval_count]")
    return periods.boundary(anchor=start, interval=interval, interval_count=count, number=1)


def text(value: str, *, param: str, longest: int = MAX_TEXT) -> str:
    """Return a text of at most `longest` characters."""
    if len(value) > longest:
        shown = f"{value[:10]}...{value[-10:]}"
        raise ApiError.invalid(f"Invalid string: {shown}; must be at most {longest} characters", param=param)
    return value


def required_text(value: str, *, param: str, longest: int = MAX_TEXT) -> str:
    """Return a text that is not empty, of at most `longest` characters."""
    if not value.strip():
        raise ApiError.empty_parameter(param)
    return text(value, param=param, longest=longest)


def items(values: list[Any], *, param: str, most: int) -> list[Any]:
    """Return a list of at most `most` members."""
    if len(values) > most:
        raise ApiError.invalid(f"Array {param} exceeded maximum {most} allowed elements.", param=param)
    return values


def url(value: str, *, param: str) -> str:
    """Return an absolute http(s) URL."""
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"}:
        raise ApiError.invalid(
            "Invalid URL: An explicit scheme (such as https) must be provided.", param=param, code="url_invalid"
        )
    if not parts.hostname:
        raise ApiError.invalid("Not a valid URL", param=param, code="url_invalid")
    return value


def email(value: str, *, param: str) -> str:
    """Return an e-mail address: a name and a domain, without spaces."""
    name, _, domain = value.rpartition("@")
    if not name or not domain or "@" in name or any(character.isspace() for character in value):
        raise ApiError.invalid(f"Invalid email address: {value}", param=param, code="email_invalid")
    return text(value, param=param, longest=MAX_EMAIL)


def refuse_unsupported(params: Mapping[str, Any], *names: str, within: str | None = None) -> None:
    """Refuse a request that uses one of these parameters, which Stripe supports and the sandbox does not.

    They are members of the parameter `within`. An empty text is accepted: it unsets a value that is never set here.
    """
    for name in names:
        if params.get(name, "") != "":
            raise ApiError.unsupported_parameter(f"{within}[{name}]" if within else name)
