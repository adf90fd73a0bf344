"""How often somebody has tried something lately."""

from django.db import models


class RateCount(models.Model):
    """One caller's tries of one kind in one span of time. `subscriptions.limits` alone reads and writes them.

    The primary key is a keyed hash of kind, caller and span, so that no row says who it is about.
    """

    id = models.CharField(primary_key=True, max_length=64, db_column="_id", editable=False)
    count = models.PositiveIntegerField(default=0)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.expires_at:%Y-%m-%d %H:%M:%S}"
