"""`manage.py replay_webhooks`: process failed webhook events again."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from subscriptions.models import WebhookEvent
from subscriptions.webhooks import inbox


class Command(BaseCommand):
    help = "Process webhook events again: the failed ones, one by its id, or those of one type."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--failed", action="store_true", help="every failed event (the default)")
        parser.add_argument("--id", dest="event_id", metavar="evt_…", help="this event, whatever became of it")
        parser.add_argument("--type", dest="event_type", metavar="TYPE", help="failed events of this type")

    def handle(self, *, event_id: str | None, event_type: str | None, **_: Any) -> None:
        failed = 0
        entries = self._chosen(event_id, event_type)
        for entry, error in inbox.replay(entries):
            if error is None:
                self.stdout.write(f"{entry.pk} {entry.type}: {entry.state}")
            else:
                failed += 1
                self.stderr.write(f"{entry.pk} {entry.type}: failed again: {error}")
        self.stdout.write(f"{len(entries) - failed} processed, {failed} failed.")
        if failed:
            raise CommandError("some events failed again", returncode=1)

    def _chosen(self, event_id: str | None, event_type: str | None) -> list[WebhookEvent]:
        if event_id:
            entries = list(WebhookEvent.objects.filter(pk=event_id))
            if not entries:
                raise CommandError(f"no event {event_id} has come in")
            return entries
        failed = WebhookEvent.objects.filter(state=inbox.State.FAILED).order_by("stripe_created_at")
        return list(failed.filter(type=event_type) if event_type else failed)
