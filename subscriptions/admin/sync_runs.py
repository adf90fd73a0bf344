"""The runs of the sync: what each did, and a link to the page on its health."""

from django.contrib import admin

from subscriptions.admin.sync_health import WithHealthPage
from subscriptions.models import SyncRun


@admin.register(SyncRun)
class SyncRunAdmin(WithHealthPage):
    list_display = ("started_at", "is_full", "is_complete", "events", "looked_at", "updated", "failed", "stripe_calls")
    list_filter = ("is_full", "is_complete")
    listed = ("failures", "drifted", "unknown_ids")
