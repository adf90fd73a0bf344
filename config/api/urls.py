"""Assembles the JSON API: authentication, rate limits, endpoints and answers to errors."""

from copy import deepcopy

from django.conf import settings
from django.urls import path
from ninja import NinjaAPI, Swagger

from billing.api.catalog import router as catalog
from billing.api.request_bodies import refuse_unknown_query
from config.api.description import DESCRIPTION, complete
from config.api.failures import failure
from subscriptions.api.authentication import BearerToken, SessionCookie
from subscriptions.api.changes import router as changing
from subscriptions.api.checkout import router as buying
from subscriptions.api.customers import router as people
from subscriptions.api.rate_limits import PerCaller


class JsonApi(NinjaAPI):
    """Ninja's API with our answers to errors, which its description lists for each endpoint."""

    def set_default_exception_handlers(self) -> None:
        """Answer every error in our format, instead of in the formats of Ninja's own handlers."""
        self.add_exception_handler(Exception, failure)

    def get_openapi_schema(self, **options: object) -> dict[str, object]:  # type: ignore[override]
        # A copy, because Ninja returns the endpoints' own dictionaries.
        return complete(deepcopy(super().get_openapi_schema(**options)))  # type: ignore[arg-type]


api = JsonApi(
    title=settings.SITE_NAME,
    version="1",
    description=DESCRIPTION,
    # No online validator, so that the page works without internet.
    docs=Swagger(settings={"validatorUrl": None, "persistAuthorization": True, "tryItOutEnabled": True}),
    urls_namespace="api",
    auth=[BearerToken(), SessionCookie()],
    throttle=[PerCaller()],
)

# Before the routers are added: each endpoint of theirs is wrapped.
api.add_decorator(refuse_unknown_query, mode="operation")
for part in (catalog, people, buying, changing):
    api.add_router("", part)

urlpatterns = [path("", api.urls)]
