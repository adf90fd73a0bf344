"""A look-up of a text on MongoDB finds that text, whatever characters it has, and no other."""

from collections.abc import Callable

import pytest
from django.db.models.functions import Lower

from subscriptions.models import Customer

pytestmark = [pytest.mark.django_db, pytest.mark.only_on("mongodb")]

TEXTS = [
    "john+a@x.com",
    "johna@x.com",
    "johnna@x.com",
    "j.*@x.com",
    "jane@x.com",
    "a**@x.com",
    "a(b@x.com",
    "[ab]@x.com",
    "a|b",
    "a{2}",
    "aa",
    "$name",
    "^name",
    "name",
    "name\n",
    "na\nme",
    "na\\me",
    "name\\",
    "na\tme",
    "na me",
    "na_me",
    "na%me",
    "na#me",
    "na-me",
    "na&~me",
    "N\u00c4ME@x.com",
    "n\u00e4me@x.com",
    "na\0me",
    "\\",
    "$",
    ".",
]

LOOKUPS: dict[str, Callable[[str, str], bool]] = {
    "iexact": lambda text, asked: text.lower() == asked.lower(),
    "contains": lambda text, asked: asked in text,
    "icontains": lambda text, asked: asked.lower() in text.lower(),
    "startswith": lambda text, asked: text.startswith(asked),
    "istartswith": lambda text, asked: text.lower().startswith(asked.lower()),
    "endswith": lambda text, asked: text.endswith(asked),
    "iendswith": lambda text, asked: text.lower().endswith(asked.lower()),
}


@pytest.fixture
def customers() -> None:
    Customer.objects.bulk_create([Customer(pk=f"cus_{n}", email=text) for n, text in enumerate(TEXTS)])


@pytest.mark.usefixtures("customers")
@pytest.mark.parametrize("lookup", LOOKUPS)
@pytest.mark.parametrize("column", ["email", "shown"])
class TestLookUps:
    def test_find_the_text_itself(self, lookup, column):
        rows = Customer.objects.annotate(shown=Lower("email"))
        for asked in [*TEXTS, "NAME", "JOHN+A@X.COM", "@x.com", "x.c", "x\n"]:
            found = rows.filter(**{f"{column}__{lookup}": asked}).values_list("email", flat=True)
            known = {text: text.lower() if column == "shown" else text for text in TEXTS}
            assert sorted(found) == sorted(text for text in TEXTS if LOOKUPS[lookup](known[text], asked)), asked


def test_a_number_is_looked_up_by_its_digits():
    Customer.objects.create(pk="cus_5", email="a5@x.com")
    assert [each.email for each in Customer.objects.filter(email__icontains=5)] == ["a5@x.com"]
