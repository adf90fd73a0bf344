"""What the views share: the signed-in request, and an answer that sends on."""

from django.http import HttpRequest, HttpResponseRedirect

from subscriptions.user_model import User


class SignedInRequest(HttpRequest):
    """A request behind `login_required`."""

    user: User


def see_other(url: str) -> HttpResponseRedirect:
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response
