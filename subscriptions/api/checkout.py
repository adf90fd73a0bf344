"""The endpoint that starts a purchase; asked again, it returns the same session."""

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import ConfigDict, Field

from billing.api import staff_log
from billing.api.refusals import Conflict, Refusal
from billing.api.request_bodies import (
    Body,
    Count,
    Id,
    Name,
    either,
    read,
    takes,
)
from billing.catalog import lookup
from subscriptions.api.answers import Mode, SessionAnswer
from subscriptions.api.authentication import caller_of, requested_person, subject_of
from subscriptions.api.customers import UserName
from subscriptions.checkout import services as checkout
from subscriptions.checkout.services import Started
from subscriptions.models import Payment

HELD = {
    "awaited": "ordered this product, and its payment is awaited. Nothing more was charged.",
    "unfinished": "ordered this product, and its first payment has not gone through yet. Nothing more was charged.",
    "held": "this product already. Nothing was charged.",
}

router = Router(tags=["Buying"])


class SessionAsked(Body):
    model_config = ConfigDict(json_schema_extra=either("price_id", "prod_name"))

    user_name: UserName | None = Field(None, description="Staff may name anyone; others may leave it out.")
    customer_id: Id | None = Field(None, description="Or their customer.")
    price_id: Id | None = Field(None, description="What to buy.", examples=["price_1Qx"])
    prod_name: Name | None = Field(None, description="Or the product's name, for its price.", examples=["Pro"])
    mode: Mode | None = Field(None, description="By default the mode that the price needs.")
    quantity: Count = 1


@router.post(
    "/session",
    operation_id="session",
    summary="A checkout session to send the buyer to",
    response={200: SessionAnswer, 201: SessionAnswer, 409: Conflict},
    openapi_extra=takes(SessionAsked, user_name="ada", price_id="price_1Qx"),
)
def session(request: HttpRequest) -> Status[SessionAnswer]:
    """Nothing is charged before the buyer pays at `url`. 201 with a new session; 200 with the one that is still open
    for the same price and quantity; 409, with its id, if they have the product already."""
    asked = read(request, SessionAsked)
    person = requested_person(
        request, "subscriptions.add_checkoutsession", user_name=asked.user_name, customer_id=asked.customer_id
    )
    price_id = asked.price_id or _price_of_product(asked.prod_name, asked.mode)
    started = checkout.start(
        user=person, price_id=price_id, quantity=asked.quantity, mode=asked.mode or "", now=timezone.now()
    )
    if started.session is None:
        raise _already_held(started, subject_of(request, person))
    if started.is_new and person != caller_of(request):
        staff_log.log_addition(request, started.session)
    return Status(201 if started.is_new else 200, SessionAnswer.of(started.session))


def _price_of_product(name: str | None, mode: str | None) -> str:
    if name is None:
        raise Refusal.bad_input(price_id="Say what to buy: price_id, or prod_name.")
    is_recurring = None if mode is None else mode == "subscription"
    return lookup.price_called(name=name, is_recurring=is_recurring).pk


def _already_held(started: Started, subject: str) -> Refusal:
    message, held = f"{subject} {HELD[started.held_state]}", started.held
    if isinstance(held, Payment):
        return Refusal.conflict("already_held", message, payment_id=held.payment_intent_id or str(held.pk))
    return Refusal.conflict("already_held", message, subscription_id=held.pk if held else "")
