"""The page on why subscriptions ended, linked from their list."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.cache import add_never_cache_headers

from subscriptions import stripe_clock
from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.reports import departures


class WithDeparturesPage(ReadOnlyAdmin):
    """Adds the page to the admin of subscriptions."""

    change_list_template = "admin/subscriptions/subscriptions.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.departures_view)
        return [path("departures/", view, name="subscriptions_subscription_departures"), *super().get_urls()]

    def departures_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": "Why subscriptions ended",
            "step": "Departures",
            "opts": self.opts,
            "departures": departures.read(now=stripe_clock.now()),
            "reasons": departures.Reason,
        }
        response = render(request, "admin/subscriptions/departures.html", context)
        add_never_cache_headers(response)
        return response
