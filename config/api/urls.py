"""Assembles the JSON API: who may call, how often, which endpoints, and what becomes of errors."""

from copy import deepcopy

from django.conf import settings
from django.urls import path
from ninja import NinjaAPI, Swagger

from billing.api.catalog import router as catalog
from config.api.description import DESCRIPTION, described
from config.api.failures import failure
from subscriptions.api.authentication import BearerToken, SessionCookie
from subscriptions.api.checkout import router as buying
from subscriptions.api.customers import router as people
from subscriptions.api.plans import router as changing
from subscriptions.api.rate_limits import PerCaller


class JsonApi(NinjaAPI):
    """Ninja's, with the failures that any endpoint may answer added to its description."""

    def set_default_exception_handlers(self) -> None:
        """Answer every error in our shape; Ninja's own handlers have others."""
        self.add_exception_handler(Exception, failure)

    def get_openapi_schema(self, **options: object) -> dict[str, object]:  # type: ignore[override]
        # A copy: Ninja hands out the endpoints' own dictionaries, and who changed one would change it for all.
        return described(deepcopy(super().get_openapi_schema(**options)))  # type: ignore[arg-type]


api = JsonApi(
    title=settings.SITE_NAME,
    version="1",
    description=DESCRIPTION,
    # Asks no validator elsewhere, so that the page works without internet.
    docs=Swagger(settings={"validatorUrl": None, "persistAuthorization": True, "tryItOutEnabled": True}),
    urls_namespace="api",
    auth=[BearerToken(), SessionCookie()],
    throttle=[PerCaller()],
)


for part in (catalog, people, buying, changing):
    api.add_router("", part)

urlpatterns = [path("", api.urls)]
