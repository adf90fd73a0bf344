"""Read a page: its visible text, and the values of its fields."""

import re
from html import unescape


def text_of(page):
    """Return the visible text of a page, without tags."""
    body = page.text.partition("<body")[2].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def value_of(page, name):
    """Return the value of a field."""
    field = re.search(rf'<input id="{name}"[^>]*?value="([^"]*)"', page.text)
    return unescape(field[1]) if field else None
