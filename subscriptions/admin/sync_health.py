"""The page on the health of the sync, linked from the list of its runs."""

from typing import Any

from django.contrib.admin.utils import quote
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.models import SyncRun
from subscriptions.monitoring import health


class WithHealthPage(ReadOnlyAdmin):
    """Adds the health page to the admin of sync runs."""

    change_list_template = "admin/subscriptions/sync_runs.html"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.health_view)
        return [path("health/", view, name="subscriptions_syncrun_health"), *super().get_urls()]

    def health_view(self, request: HttpRequest) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = health.read(now=timezone.now())
        context = {
            **self.admin_site.each_context(request),
            "title": "Sync health",
            "step": "Health",
            "opts": self.opts,
            "health": found,
            "lag": found.lag,
            "problems": found.problems,
            "warnings": found.warnings,
            "groups": _groups_of_ids(found.last_full) if found.last_full else [],
        }
        response = render(request, "admin/subscriptions/sync_health.html", context)
        add_never_cache_headers(response)
        return response


def _groups_of_ids(run: SyncRun) -> list[dict[str, Any]]:
    """Return the rows with drift and the unknown rows of a full sync, as far as their ids are stored."""
    return [
        _group("Drift: changed without an event", run.drifted, run.drift),
        _group("Unknown to Stripe", run.unknown_ids, run.unknown),
        _group("Failed", [failure["id"] for failure in run.failures], run.failed_objects),
    ]


def _group(title: str, ids: list[str], total: int) -> dict[str, Any]:
    return {"title": title, "rows": [{"pk": pk, "url": _address(pk)} for pk in ids], "left_out": total - len(ids)}


def _address(pk: str) -> str:
    return reverse("admin:subscriptions_subscription_change", args=[quote(pk)]) if pk.startswith("sub_") else ""
