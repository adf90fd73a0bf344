"""The type of an account, for annotations: the model that AUTH_USER_MODEL names.

Code that runs asks `get_user_model()`. `django.contrib.auth.models.User` is imported for type checkers only, because
another model may stand in its place.
"""

from typing import TYPE_CHECKING

from django.contrib.auth.base_user import AbstractBaseUser

if TYPE_CHECKING:
    from django.contrib.auth.models import User  # noqa: TID251  (for type checkers)
else:
    User = AbstractBaseUser

__all__ = ["User", "full_name_of"]

MAX_NAME_AT_STRIPE = 256


def full_name_of(user: User) -> str:
    """Return the person's name as Stripe takes it; empty for a model without names."""
    name = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return str(name)[:MAX_NAME_AT_STRIPE]
