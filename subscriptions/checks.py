"""System checks: a user model of the project's own has the fields that the site uses; mail reaches people."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import PermissionsMixin
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004  (Django's own name)
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from subscriptions.monitoring.doctor.site import why_nobody_gets_mail

NEEDED = {
    "email": models.CharField,
    "is_active": models.BooleanField,
    "is_staff": models.BooleanField,
}
HINT = "A model that extends django.contrib.auth.models.AbstractUser has everything; see docs/customising.md."


@register("models")
def user_model(**_: Any) -> list[CheckMessage]:
    """Refuse an AUTH_USER_MODEL that people can't sign up, be found or be staff with."""
    model = get_user_model()
    return [
        Error(f"AUTH_USER_MODEL {model._meta.label} {problem}.", hint=HINT, id="subscriptions.E001")
        for problem in problems_of(model)
    ]


@register("mail", deploy=True)
def mail(**_: Any) -> list[CheckMessage]:
    """Warn if a site in production sends its mail to nobody."""
    reason = why_nobody_gets_mail()
    return [Warning(reason, id="subscriptions.W001")] if reason else []


def problems_of(model: Any) -> list[str]:
    """Return what a user model lacks, in words that go on after its name."""
    return _permissions(model) + _fields(model) + _name(model) + _unasked(model)


def _permissions(model: type[models.Model]) -> list[str]:
    return [] if issubclass(model, PermissionsMixin) else ["must extend PermissionsMixin"]


def _fields(model: type[models.Model]) -> list[str]:
    return [f"must have a {kind.__name__} `{name}`" for name, kind in NEEDED.items() if not _has(model, name, kind)]


def _name(model: Any) -> list[str]:
    is_text = _has(model, model.USERNAME_FIELD, models.CharField)
    problems = [] if is_text else ["must have a CharField as its USERNAME_FIELD"]
    return problems if model.get_email_field_name() == "email" else [*problems, "must have EMAIL_FIELD = 'email'"]


def _unasked(model: Any) -> list[str]:
    """Sign-up and the API know a name, an address and a password; every other field has to do without a value."""
    known = {model.USERNAME_FIELD, "email", "password"}
    return [
        f"must have a default for `{field.name}`, or allow NULL: nothing asks for it at sign-up"
        for field in model._meta.concrete_fields
        if field.name not in known and not _fills_itself(field)
    ]


def _fills_itself(field: Any) -> bool:
    is_set_by_django = field.primary_key or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    return is_set_by_django or field.generated or field.null or field.get_default() is not None


def _has(model: type[models.Model], name: str, kind: type[Any]) -> bool:
    try:
        return isinstance(model._meta.get_field(name), kind)
    except FieldDoesNotExist:
        return False
