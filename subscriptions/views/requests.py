"""What the views share: the signed-in request, and an answer that sends on."""

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponseRedirect


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
