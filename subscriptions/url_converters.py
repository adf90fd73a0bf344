"""How a price's id stands in a path: accounts have ids of every shape, such as `Gold/month` or `$5 plan`."""

from urllib.parse import quote, unquote

ENCODED = "~"
LOST_ON_THE_WAY = {"", ".", ".."}  # Browsers and proxies remove such segments from a path.


class PriceIdConverter:
    """The id itself, slashes included; `~` and the percent-encoded id if a path would not arrive as it is."""

    regex = ".+"

    def to_python(self, value: str) -> str:
        return unquote(value[len(ENCODED) :]) if value.startswith(ENCODED) else value

    def to_url(self, value: str) -> str:
        if value.startswith(ENCODED) or LOST_ON_THE_WAY & set(value.split("/")):
            return ENCODED + quote(value, safe="").replace(".", "%2E")
        return value
