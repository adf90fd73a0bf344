"""What a reader sees of a page: its words, and what its fields hold."""

import re
from html import unescape


def text_of(page):
    """The words on a page, as they are read."""
    body = page.text.partition("<body")[2].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def value_of(page, name):
    """What a field holds."""
    field = re.search(rf'<input id="{name}"[^>]*?value="([^"]*)"', page.text)
    return unescape(field[1]) if field else None
