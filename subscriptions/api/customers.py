"""Endpoints for people: their Stripe customer, their subscriptions and their purchases."""

from collections.abc import Callable
from typing import Annotated, cast

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import CharField
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import AfterValidator, Field, JsonValue

from billing.api import staff_log
from billing.api.permissions import require_staff
from billing.api.refusals import Conflict, Refusal
from billing.api.request_bodies import Body, Id, Text, read, takes
from billing.errors import StripeUnavailable
from billing.linked import linked
from subscriptions.api.answers import CustomerAnswer, MeAnswer, SubscriptionsAnswer, payments_of, subscriptions_of
from subscriptions.api.authentication import FOR_ANOTHER, caller_of, requested_person
from subscriptions.checkout import unsettled
from subscriptions.checkout.errors import NotYourSession
from subscriptions.checkout.services import complete
from subscriptions.customers import api_users
from subscriptions.customers import services as customers
from subscriptions.models import BillingAccount, CheckoutSession, Payment, Subscription
from subscriptions.people import account_claims
from subscriptions.user_model import User

# The field that people sign in with: `username`, or the e-mail address where the user model says so.
NAME_FIELD = cast("CharField[str, str]", get_user_model()._meta.get_field(get_user_model().USERNAME_FIELD))
MAX_NAME = NAME_FIELD.max_length or 254
MAX_EMAIL = 254
# Documentation only: Django's validators decide, because regular expressions differ by language.
NAME_SHAPE: dict[str, JsonValue] = {"format": "email"} if api_users.name_is_address() else {"pattern": r"^[\w.@+-]+$"}

ADD_CUSTOMER = "subscriptions.add_customer"
ADD_USER = f"{get_user_model()._meta.app_label}.add_{get_user_model()._meta.model_name}"
VIEW_HOLDINGS = ("subscriptions.view_subscription", "subscriptions.view_payment")

router = Router(tags=["People"])


def _name(value: str) -> str:
    name = get_user_model().normalize_username(value)
    # Normalising can make a name longer.
    if len(name) > MAX_NAME:
        raise ValueError(f"At most {MAX_NAME} characters.")
    return name


def _new_name(value: str) -> str:
    return _valid(_name(value), NAME_FIELD.run_validators)


def _email(value: str) -> str:
    return _valid(value, validate_email)


def _valid(value: str, validate: Callable[[str], None]) -> str:
    try:
        validate(value)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from error
    return value


UserName = Annotated[Text, Field(min_length=1, max_length=MAX_NAME), AfterValidator(_name)]
NewName = Annotated[
    Text,
    Field(min_length=1, max_length=MAX_NAME, json_schema_extra=NAME_SHAPE),
    AfterValidator(_new_name),
]
Email = Annotated[
    Text, Field(min_length=3, max_length=MAX_EMAIL, json_schema_extra={"format": "email"}), AfterValidator(_email)
]


class CustomerAsked(Body):
    user_name: NewName | None = Field(None, description="Staff may name anyone; others may leave it out.")
    email: Email | None = Field(None, description="Required if staff name a person who has no account here.")


class HoldingsAsked(Body):
    session_id: Id | None = Field(
        None, description="Look this session up at Stripe first. Without it: the latest that is not settled here."
    )
    user_name: UserName | None = Field(None, description="Staff may name anyone; others may leave it out.")


@router.post(
    "/createcustomer",
    operation_id="createcustomer",
    summary="The person's customer, made if there is none",
    response={200: CustomerAnswer, 201: CustomerAnswer, 409: Conflict},
    openapi_extra=takes(CustomerAsked, is_required=False, user_name="ada", email="ada@example.com"),
)
def createcustomer(request: HttpRequest) -> Status[CustomerAnswer]:
    """A person always gets the same customer: 201 if it is new, 200 if it existed.

    If staff name a person without an account here, one is made; its owner sets a password by e-mail. For a person
    who has an account, `email` changes nothing: the answer contains the known address.
    """
    asked = read(request, CustomerAsked)
    person = _get_or_create_person(request, asked)
    customer, is_new = customers.ensured(person)
    if is_new and person != caller_of(request):
        staff_log.log_addition(request, customer)
    answer = CustomerAnswer(
        customer_id=customer.pk, user_name=person.get_username(), email=customer.email or person.email
    )
    return Status(201 if is_new else 200, answer)


@router.post(
    "/getsubs",
    operation_id="getsubs",
    summary="A person's subscriptions and payments",
    response=SubscriptionsAnswer,
    openapi_extra=takes(HoldingsAsked, is_required=False, user_name="ada"),
)
def getsubs(request: HttpRequest) -> SubscriptionsAnswer:
    """Answers from this site's copy of Stripe. Before, the session of `session_id`, else the latest that is not
    settled here, is looked up at Stripe, so that its purchase is in the answer before any webhook arrives."""
    asked = read(request, HoldingsAsked)
    person = requested_person(request, *VIEW_HOLDINGS, user_name=asked.user_name)
    customer_ids = BillingAccount.objects.customer_ids_of(person)
    session_id = asked.session_id or _latest_session_of(customer_ids)
    if asked.session_id:
        try:
            complete(user=person, session_id=asked.session_id)
        except NotYourSession as error:
            raise Refusal.not_found(f"There is no such session: {asked.session_id}.") from error
    else:
        _look_up_latest_session(person, customer_ids)
    return SubscriptionsAnswer.model_validate({**_holdings(person, customer_ids), "session_id": session_id})


@router.get("/me", operation_id="me", summary="The caller, with their subscriptions and payments", response=MeAnswer)
def me(request: HttpRequest) -> MeAnswer:
    """The caller's customer, subscriptions and payments."""
    person = caller_of(request)
    holdings = _holdings(person, BillingAccount.objects.customer_ids_of(person))
    return MeAnswer.model_validate({**holdings, "email": person.email, "is_staff": person.is_staff})


def _get_or_create_person(request: HttpRequest, asked: CustomerAsked) -> User:
    caller = caller_of(request)
    if asked.user_name in (None, caller.get_username()):
        return caller
    require_staff(request, ADD_CUSTOMER, message=FOR_ANOTHER)
    name, email = str(asked.user_name), asked.email
    if api_users.name_is_address():
        if email not in (None, name):
            raise Refusal.bad_input(email="People sign in with their address here: it must equal user_name.")
        email = name
    known = api_users.find(name)
    if known is not None:
        return known
    require_staff(request, ADD_USER)
    if email is None:
        raise Refusal.bad_input(email="There is no user of this name yet, so their address is required.")
    return _get_or_make(name, email)


def _get_or_make(name: str, email: str) -> User:
    try:
        return api_users.get_or_create(name=name, email=email)
    except api_users.AddressTaken as error:
        raise Refusal.conflict("email_taken", str(error)) from error
    except api_users.NameTaken as error:
        raise Refusal.conflict("user_name_taken", str(error)) from error
    except account_claims.Claimed as error:
        raise Refusal.conflict("changed_meanwhile", str(error)) from error


def _look_up_latest_session(person: User, customer_ids: list[str]) -> None:
    """Look up the latest unsettled session. Without an answer from Stripe, what is known here has to do, if it is
    anything."""
    try:
        unsettled.look_up_latest(user=person, customer_ids=customer_ids)
    except StripeUnavailable:
        theirs = {"customer__in": customer_ids, "is_deleted": False}
        if not (Subscription.objects.filter(**theirs).exists() or Payment.objects.filter(**theirs).exists()):
            raise


def _holdings(person: User, customer_ids: list[str]) -> dict[str, object]:
    theirs = {"customer__in": customer_ids, "is_deleted": False}
    subscriptions = linked(Subscription.objects.filter(**theirs), "customer", "price", "product")
    return {
        "user_name": person.get_username(),
        "customer_id": next(iter(customer_ids), None),
        "subscriptions": subscriptions_of(subscriptions),
        "payments": payments_of(linked(Payment.objects.filter(**theirs), "product")),
    }


def _latest_session_of(customer_ids: list[str]) -> str | None:
    sessions = CheckoutSession.objects.filter(customer__in=customer_ids).exclude(stripe_id=None)
    return sessions.values_list("stripe_id", flat=True).first()
