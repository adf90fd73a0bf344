"""Staff powers in the JSON API: the permissions that the admin asks for, as far as the caller's token has them."""

from django.http import HttpRequest

from billing.api.refusals import Refusal

FOR_STAFF = "This is for staff only."


def staff_may(request: HttpRequest, *permissions: str) -> bool:
    """Return whether the caller is staff and has these permissions, named like `billing.change_product`."""
    return request.user.is_staff and not _lacking(request, permissions)


def require_staff(request: HttpRequest, *permissions: str, message: str = FOR_STAFF) -> None:
    """Raise Refusal (403) unless the caller is staff with these permissions; `message` is for those who aren't."""
    if not request.user.is_staff:
        raise Refusal.forbidden(message)
    if not _acts_as_staff(request):
        raise Refusal.forbidden("This token acts for its owner alone.")
    if lacking := _lacking(request, permissions):
        raise Refusal.forbidden(f"You do not have the permission {', '.join(lacking)}.")


def _lacking(request: HttpRequest, permissions: tuple[str, ...]) -> list[str]:
    if not _acts_as_staff(request):
        return list(permissions)
    return [permission for permission in permissions if not _has(request, permission)]


def _acts_as_staff(request: HttpRequest) -> bool:
    """Return whether the token, if the caller sent one, carries its owner's staff powers."""
    return bool(getattr(getattr(request, "auth", None), "acts_as_staff", True))


def _has(request: HttpRequest, permission: str) -> bool:
    """Return whether the caller has a permission; as in the admin, people who may change rows may also view them."""
    changing = permission.replace(".view_", ".change_")
    return request.user.has_perm(permission) or (changing != permission and request.user.has_perm(changing))
