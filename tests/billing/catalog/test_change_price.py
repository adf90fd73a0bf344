"""A price is replaced in three steps; after an interruption at any of them the next try finishes the change."""

from typing import Any

import pytest

from billing.catalog import importer
from billing.catalog import services as catalog
from billing.catalog.errors import HasOtherCurrencies, HasOtherTerms
from billing.catalog.prices import carried_terms, replacements
from billing.catalog.services import PriceTerms
from billing.errors import StripeUnavailable
from billing.models import Price, Product
from tests.billing.catalog_copies import at_stripe, here, metadata_of
from tests.fixtures import LocalStripe

pytestmark = pytest.mark.django_db

MONTHLY = PriceTerms(unit_amount=1900, currency="usd")


class TestChangePrice:
    def test_makes_the_new_points_at_it_and_archives_the_old(self, local_stripe: LocalStripe, price: Price) -> None:
        replacement = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert local_stripe.calls == [
            f"GET /v1/prices/{price.pk}",
            "POST /v1/prices",
            f"POST /v1/products/{price.product_id}",
            f"POST /v1/prices/{price.pk}",
        ]
        assert here() == {
            price.product_id: {**here()[price.product_id], "default_price_id": replacement.pk, "name": "Pro"},
            price.pk: {**here()[replacement.pk], "id": price.pk, "unit_amount": 1900, "active": False},
            replacement.pk: {**here()[price.pk], "id": replacement.pk, "unit_amount": 2900, "active": True},
        }
        assert at_stripe(local_stripe) == here()

    def test_keeps_every_other_term(self, local_stripe: LocalStripe, price: Price) -> None:
        terms = PriceTerms(unit_amount=500, currency="kwd", interval="week", interval_count=3, trial_days=7)
        odd = catalog.add_price(product=price.product, terms=terms, request_id="r1")
        local_stripe.api.prices.update(odd.pk, {"nickname": "Odd", "metadata": {"team": "blue"}})
        importer.import_catalog()
        replacement = replacements.change_price(price=Price.objects.get(pk=odd.pk), unit_amount=600, request_id="r2")
        assert here()[replacement.pk] == {
            "id": replacement.pk,
            "product_id": price.product_id,
            "active": True,
            "currency": "kwd",
            "unit_amount": 600,
            "interval": "week",
            "interval_count": 3,
            "trial_days": 7,
            "nickname": "Odd",
        }
        assert metadata_of(replacement) == {
            "team": "blue",
            "standing_order_trial_days": "7",
            replacements.REPLACES: odd.pk,
        }
        assert at_stripe(local_stripe) == here()

    def test_keeps_the_terms_that_are_not_copied_here(self, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.api.prices.update(price.pk, {"lookup_key": "pro", "tax_behavior": "exclusive"})
        replacement = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        [found] = local_stripe.api.prices.list({"lookup_keys": ["pro"]}).data
        assert (found.id, found.unit_amount, found.tax_behavior) == (replacement.pk, 2900, "exclusive")
        again = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert again == replacement
        assert at_stripe(local_stripe) == here()

    def test_is_refused_while_it_has_amounts_in_other_currencies(
        self, local_stripe: LocalStripe, price: Price
    ) -> None:
        amounts = {"eur": {"unit_amount": 1700}, "jpy": {"unit_amount": 2900}}
        local_stripe.api.prices.update(price.pk, {"currency_options": amounts})
        before = here()
        local_stripe.forget_calls()
        with pytest.raises(HasOtherCurrencies, match=r"also has its own amount in EUR, JPY, which"):
            replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert local_stripe.calls == [f"GET /v1/prices/{price.pk}"]
        assert here() == before == at_stripe(local_stripe)

    def test_of_one_that_is_not_the_default_leaves_the_default(self, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        local_stripe.forget_calls()
        replacements.change_price(price=other, unit_amount=600, request_id="r2")
        assert local_stripe.calls == [
            f"GET /v1/prices/{other.pk}",
            "POST /v1/prices",
            f"POST /v1/prices/{other.pk}",
        ]
        assert Product.objects.get().default_price_id == price.pk
        assert at_stripe(local_stripe) == here()

    def test_of_a_product_without_a_default_makes_the_new_one_it(self, local_stripe: LocalStripe) -> None:
        bare = local_stripe.api.products.create({"name": "Bare"})
        local_stripe.api.prices.create({"product": bare.id, "currency": "usd", "unit_amount": 1900})
        importer.import_catalog()
        replacement = replacements.change_price(price=Price.objects.get(), unit_amount=2900, request_id="r1")
        assert Product.objects.get().default_price_id == replacement.pk
        assert at_stripe(local_stripe) == here()

    def test_of_a_one_time_price(self, local_stripe: LocalStripe, price: Price) -> None:
        terms = PriceTerms(unit_amount=500, currency="jpy", interval="one_time")
        once = catalog.add_price(product=price.product, terms=terms, request_id="r1")
        replacement = replacements.change_price(price=once, unit_amount=600, request_id="r2")
        assert str(replacement) == "¥600 once"
        assert at_stripe(local_stripe) == here()

    def test_sent_twice_changes_once(self, local_stripe: LocalStripe, price: Price) -> None:
        first = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        after_first = here()
        second = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert second == first
        assert here() == after_first == at_stripe(local_stripe)

    def test_reads_the_product_anew(self, local_stripe: LocalStripe, price: Price) -> None:
        other = catalog.add_price(
            product=price.product, terms=PriceTerms(unit_amount=500, currency="eur"), request_id="r1"
        )
        stale = Price.objects.select_related("product").get(pk=price.pk)
        catalog.make_default(price=other)
        replacements.change_price(price=stale, unit_amount=2900, request_id="r2")
        assert Product.objects.get().default_price_id == other.pk
        assert at_stripe(local_stripe) == here()

    def test_whose_product_is_not_here_yet_fetches_it(self, local_stripe: LocalStripe, price: Price) -> None:
        Product.objects.all().delete()
        replacement = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert Product.objects.get().default_price_id == replacement.pk
        assert local_stripe.calls[0] == f"GET /v1/products/{price.product_id}"
        assert at_stripe(local_stripe) == here()

    @pytest.mark.parametrize("after", [True, False])
    @pytest.mark.parametrize("status", ["timeout", 429, 500])
    @pytest.mark.parametrize("step", ["product", "old price"])
    def test_cut_off_after_its_first_step_is_finished_by_the_next_try(
        self, local_stripe: LocalStripe, price: Price, status: str | int, step: str, *, after: bool
    ) -> None:
        path = f"/v1/products/{price.product_id}" if step == "product" else f"/v1/prices/{price.pk}"
        local_stripe.control("faults", status=status, count=3, path=path, method="POST", after=after)
        with pytest.raises(StripeUnavailable) as failure:
            replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert failure.value.answered_500 is False
        assert Price.objects.on_sale().filter(unit_amount=2900).exists()
        assert Product.objects.get().default_price_id in set(Price.objects.on_sale().values_list("pk", flat=True))
        self.is_finished_by_the_next_try(local_stripe, price)

    @pytest.mark.parametrize("after", [True, False])
    @pytest.mark.parametrize("status", ["timeout", 429])
    def test_cut_off_at_its_first_step_is_finished_by_the_next_try(
        self, local_stripe: LocalStripe, price: Price, status: str | int, *, after: bool
    ) -> None:
        before = here()
        local_stripe.control("faults", status=status, count=3, path="/v1/prices", method="POST", after=after)
        with pytest.raises(StripeUnavailable):
            replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert here() == before
        self.is_finished_by_the_next_try(local_stripe, price)

    def is_finished_by_the_next_try(self, local_stripe: LocalStripe, price: Price) -> None:
        local_stripe.control("faults", count=0)
        replacement = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert dict(Price.objects.values_list("pk", "active")) == {price.pk: False, replacement.pk: True}
        assert Product.objects.get().default_price_id == replacement.pk
        assert at_stripe(local_stripe) == here()

    def test_a_definite_500_at_its_first_step_changes_nothing(self, local_stripe: LocalStripe, price: Price) -> None:
        before = here()
        local_stripe.control("faults", status=500, path="/v1/prices", method="POST")
        with pytest.raises(StripeUnavailable) as failure:
            replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        assert failure.value.answered_500 is True
        assert here() == before == at_stripe(local_stripe)


class TestTerms:
    """Every term of a price is carried to the new one, or the change is refused with the reason."""

    def test_of_stripes_that_only_stripe_has_are_carried(self, local_stripe: LocalStripe, price: Price) -> None:
        made = local_stripe.api.prices.create(
            {
                "product": str(price.product_id),
                "currency": "usd",
                "unit_amount": 5000,
                "nickname": "Old friends",
                "tax_behavior": "inclusive",
                "lookup_key": "friends",
                "metadata": {"team": "blue", "trial_days": "9"},
                "recurring": {"interval": "week", "interval_count": 2, "trial_period_days": 5},
            }
        )
        importer.import_catalog()
        old = Price.objects.get(pk=made.id)
        replacement = replacements.change_price(price=old, unit_amount=6000, request_id="r1")
        new = local_stripe.api.prices.retrieve(replacement.pk).to_dict(for_json=True)
        before = made.to_dict(for_json=True)
        changing = ("id", "created", "unit_amount", "unit_amount_decimal", "metadata")
        assert {**new, **{name: before[name] for name in changing}} == before
        assert (replacement.trial_days, old.trial_days) == (9, 9)
        assert metadata_of(replacement) == {
            "team": "blue",
            "trial_days": "9",
            "standing_order_trial_days": "9",
            replacements.REPLACES: old.pk,
        }
        assert local_stripe.api.prices.retrieve(old.pk).lookup_key is None

    @pytest.mark.parametrize(
        ("terms", "named"),
        [
            ({"unit_amount": 5000, "transform_quantity": {"divide_by": 10, "round": "up"}}, "a package of several"),
            ({"custom_unit_amount": {"enabled": True}}, "an amount that the buyer chooses"),
            (
                {
                    "billing_scheme": "tiered",
                    "tiers_mode": "volume",
                    "tiers": [{"up_to": "inf", "unit_amount": 5}],
                    "recurring": {"interval": "month"},
                },
                "tiers",
            ),
        ],
        ids=["packages", "chosen", "tiers"],
    )
    def test_that_are_not_carried_are_named(
        self, local_stripe: LocalStripe, price: Price, terms: Any, named: str
    ) -> None:
        made = local_stripe.api.prices.create({"product": str(price.product_id), "currency": "usd", **terms})
        importer.import_catalog()
        local_stripe.forget_calls()
        with pytest.raises(HasOtherTerms, match=named):
            replacements.change_price(price=Price.objects.get(pk=made.id), unit_amount=600, request_id="r1")
        assert local_stripe.calls == [f"GET /v1/prices/{made.id}"]

    def test_that_we_do_not_know_are_named(self, price: Price) -> None:
        whole = {
            "currency": "usd",
            "metadata": {},
            "surcharge": {"percent": 3},
            "recurring": {"phase_of_moon": "full"},
        }
        with pytest.raises(HasOtherTerms, match=r"has surcharge, recurring.phase_of_moon, which"):
            carried_terms.check(price, whole)

    def test_a_change_cut_off_before_the_lookup_key_is_finished_with_it(
        self, local_stripe: LocalStripe, price: Price
    ) -> None:
        local_stripe.api.prices.update(price.pk, {"lookup_key": "pro"})
        replacement = replacements.change_price(price=price, unit_amount=2900, request_id="r1")
        # As it was after the first two calls.
        local_stripe.api.prices.update(price.pk, {"lookup_key": "pro", "transfer_lookup_key": True, "active": True})
        local_stripe.api.prices.update(price.pk, {"metadata": {replacements.REPLACED_BY: ""}})
        importer.import_catalog()
        replacements.finish_replacement(replacement=replacement)
        [found] = local_stripe.api.prices.list({"lookup_keys": ["pro"]}).data
        assert (found.id, local_stripe.api.prices.retrieve(price.pk).active) == (replacement.pk, False)
