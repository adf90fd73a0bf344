"""Products and their prices in the JSON API: anyone can read them, staff create and change them."""

from typing import Annotated, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from billing import money
from billing.api import staff_log
from billing.api.permissions import require_staff
from billing.api.refusals import Conflict, Refusal
from billing.api.request_bodies import (
    Amount,
    Body,
    Count,
    Currency,
    Id,
    Name,
    Switch,
    Text,
    Trial,
    either,
    read,
    takes,
)
from billing.catalog import lookup, offers
from billing.catalog.forms import MAX_DESCRIPTION, MAX_NAME, interval_problems
from billing.catalog.services import PriceTerms
from billing.models import Price

Interval = Literal["day", "week", "month", "year", "one_time"]
ProductName = Annotated[Name, Field(max_length=MAX_NAME)]
Description = Annotated[Text, Field(max_length=MAX_DESCRIPTION)]

router = Router(tags=["Catalog"])


class ProductAsked(Body):
    prod_name: ProductName = Field(examples=["Pro"])
    unit_amount: Amount = Field(description="In the currency's minor unit: 1900 is 19.00 USD.", examples=[1900])
    currency: Currency = "usd"
    interval: Interval = "month"
    interval_count: Count = 1
    description: Description | None = None
    trial_days: Trial | None = None


class ProductChange(Body):
    model_config = ConfigDict(json_schema_extra=either("prod_name", "product_id"))

    prod_name: ProductName | None = Field(None, description="The name it has.", examples=["Pro"])
    product_id: Id | None = Field(None, description="Or its id.")
    new_name: ProductName | None = None
    description: Description | None = None
    unit_amount: Amount | None = Field(None, description="Another amount creates a new price.")
    active: Switch | None = Field(None, description="False takes it off sale; customers who have it keep it.")


class ProductAnswer(BaseModel):
    product_id: str = Field(examples=["prod_T4a1"])
    price_id: str | None = Field(description="Null if it has no price, or several and no default.")
    prod_name: str
    unit_amount: int | None
    currency: str | None
    interval: str | None

    @classmethod
    def of(cls, offer: lookup.Offer) -> "ProductAnswer":
        price = offer.price
        return cls(
            product_id=offer.product.pk,
            price_id=price.pk if price else None,
            prod_name=offer.product.name,
            unit_amount=price.unit_amount if price else None,
            currency=price.currency if price else None,
            interval=price.interval if price else None,
        )


class PlanPrice(BaseModel):
    price_id: str = Field(examples=["price_1Qx"])
    unit_amount: int = Field(examples=[1900])
    currency: str = Field(examples=["usd"])
    interval: str = Field(examples=["month"])
    interval_count: int
    trial_days: int | None
    mode: Literal["subscription", "payment"]

    @classmethod
    def of(cls, price: Price) -> "PlanPrice":
        return cls(
            price_id=price.pk,
            unit_amount=price.unit_amount or 0,
            currency=price.currency,
            interval=price.interval,
            interval_count=price.interval_count,
            trial_days=price.trial_days,
            mode="subscription" if price.is_recurring else "payment",
        )


class Plan(BaseModel):
    product_id: str = Field(examples=["prod_T4a1"])
    prod_name: str = Field(examples=["Pro"])
    description: str
    features: list[str]
    prices: list[PlanPrice]

    @classmethod
    def of(cls, offered: lookup.ProductOnSale) -> "Plan":
        product = offered.product
        return cls(
            product_id=product.pk,
            prod_name=product.name,
            description=product.description,
            features=product.features,
            prices=[PlanPrice.of(price) for price in offered.prices],
        )


class Plans(BaseModel):
    plans: list[Plan]


@router.get("/plans", operation_id="plans", summary="What is on sale", response=Plans, auth=None)
def plans(request: HttpRequest) -> Plans:  # noqa: ARG001  (Ninja passes it)
    """The active products with their active prices. No sign-in is needed."""
    return Plans(plans=[Plan.of(offered) for offered in lookup.products_on_sale()])


@router.post(
    "/product",
    operation_id="product",
    summary="Create a product with its price",
    response={201: ProductAnswer, 409: Conflict},
    openapi_extra=takes(ProductAsked, prod_name="Pro", unit_amount=1900, currency="usd", interval="month"),
)
def product(request: HttpRequest) -> Status[ProductAnswer]:
    """For staff who may add products. If a product has this name already, the answer is 409 with its ids."""
    require_staff(request, "billing.add_product")
    asked = read(request, ProductAsked)
    terms = _terms(asked)
    made = offers.create(name=asked.prod_name, terms=terms, description=asked.description or "")
    staff_log.log_addition(request, made.product)
    return Status(201, ProductAnswer.of(made))


@router.post(
    "/updateprod",
    operation_id="updateprod",
    summary="Change a product, or its price",
    response={200: ProductAnswer, 409: Conflict},
    openapi_extra=takes(ProductChange, prod_name="Pro", unit_amount=2900),
)
def updateprod(request: HttpRequest) -> ProductAnswer:
    """For staff who may change products, and for another amount prices. Another amount creates a new price with a new
    `price_id`; subscribers stay on the old price."""
    require_staff(request)
    asked = read(request, ProductChange)
    require_staff(request, *_needed(asked))
    if not (asked.prod_name or asked.product_id):
        raise Refusal.bad_input(prod_name="Say which product: prod_name, or product_id.")
    changes = offers.Changes(
        name=asked.new_name, description=asked.description, unit_amount=asked.unit_amount, active=asked.active
    )
    found = lookup.find_product(name=asked.prod_name or "", product_id=asked.product_id or "")
    offer = offers.update(product=found, changes=changes)
    staff_log.log_change(request, offer.product, f"changed {', '.join(sorted(asked.model_fields_set))}.")
    return ProductAnswer.of(offer)


def _needed(asked: ProductChange) -> list[str]:
    """Return the permissions for a change: the admin has a page for products and another for the amount of a price."""
    changes_product = any(value is not None for value in (asked.new_name, asked.description, asked.active))
    needed = ["billing.change_price"] if asked.unit_amount is not None else []
    return ["billing.change_product", *needed] if changes_product or not needed else needed


def _terms(asked: ProductAsked) -> PriceTerms:
    is_recurring = asked.interval != "one_time"
    count = asked.interval_count if is_recurring else 1
    if problems := interval_problems(asked.interval, count, asked.trial_days):
        raise Refusal.bad_input(**problems)
    money.check_charge(asked.unit_amount, asked.currency)
    return PriceTerms(
        unit_amount=asked.unit_amount,
        currency=asked.currency,
        interval=asked.interval,
        interval_count=count,
        trial_days=asked.trial_days,
    )
