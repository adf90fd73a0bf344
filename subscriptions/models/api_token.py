"""Tokens of the JSON API; only their hash is stored."""

from datetime import datetime

from django.conf import settings
from django.db import models

from billing.models import own_id


class ApiToken(models.Model):
    """A token that acts as its owner, or with fewer rights.

    Staff act for anyone as far as their permissions go, others only for themselves.
    """

    class Rights(models.TextChoices):
        FULL = "full", "All that its owner may do"
        READ = "read", "Look, but change nothing"
        OWN = "own", "Act for its owner alone, without staff powers"
        READ_OWN = "read_own", "Look at its owner's own data alone"

    id = own_id()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, help_text="What it is for, in your own words.")
    beginning = models.CharField(
        "first characters", max_length=16, editable=False, help_text="They identify the token; the rest is shown once."
    )
    digest = models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the whole token.")
    rights = models.CharField(max_length=16, choices=Rights, default=Rights.FULL)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Leave empty for a token that does not expire.")
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Accurate to a minute.")
    revoked_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API token"
        ordering = ("-created_at", "id")
        # MongoDB does not use a unique index, which is partial there, for look-ups.
        indexes = [models.Index(fields=["digest"])]

    def __str__(self) -> str:
        return f"{self.name} ({self.beginning}…)"

    def is_usable(self, now: datetime) -> bool:
        is_current = self.expires_at is None or self.expires_at > now
        return is_current and self.revoked_at is None and self.user.is_active

    @property
    def acts_as_staff(self) -> bool:
        """Whether it carries its owner's staff powers, if they have any."""
        return self.rights in {self.Rights.FULL, self.Rights.READ}

    @property
    def only_reads(self) -> bool:
        return self.rights in {self.Rights.READ, self.Rights.READ_OWN}
