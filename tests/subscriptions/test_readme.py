"""The README's sample of protected pages, executed as it stands."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client
from django.urls import path

from billing.models import Price
from config.urls import urlpatterns
from subscriptions.models import Customer
from tests.subscriptions.rows import sell_team, subscribe

pytestmark = pytest.mark.django_db

README = Path(__file__).resolve().parents[2] / "README.md"


@pytest.fixture(autouse=True)
def pages(price: Price, tmp_path: Path, settings: Any) -> None:
    """Serve the sample's two views and its template, about the product of `price`."""
    section = README.read_text().split("## Protecting your own pages")[1].split("\n## ")[0]
    python, html = (
        block.replace("prod_…", price.product_id) for block in re.findall(r"```\w+\n(.*?)```", section, re.DOTALL)
    )
    sample: dict[str, Any] = {"__name__": "sample"}
    exec(python, sample)  # noqa: S102  (our own README)
    site = ModuleType("site_with_the_sample")
    site.urlpatterns = [  # type: ignore[attr-defined]
        path("reports/", sample["reports"]),
        path("library/", sample["Library"].as_view()),
        *urlpatterns,
    ]
    (tmp_path / "reports.html").write_text(html)
    settings.ROOT_URLCONF = site
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [*settings.TEMPLATES[0]["DIRS"], tmp_path]}]


@pytest.mark.parametrize("address", ["/reports/", "/library/"])
class TestSample:
    def test_is_shown_to_subscribers(
        self, customer_client: Client, customer: Customer, price: Price, address: str
    ) -> None:
        subscribe(customer, price)
        page = customer_client.get(address)
        assert page.content.decode().split("\n")[1:3] == [
            "For subscribers of this product.",
            "For everybody with a subscription.",
        ]

    def test_leads_others_to_the_plans(self, customer_client: Client, customer: Customer, address: str) -> None:
        subscribe(customer, sell_team())
        response = customer_client.get(address)
        assert (response.status_code, response["Location"]) == (302, "/")

    def test_leads_strangers_to_sign_in(self, client: Client, address: str) -> None:
        response = client.get(address)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={address}")
