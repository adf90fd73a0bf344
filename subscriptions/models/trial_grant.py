"""Free trials that staff grant to people who have had theirs."""

from django.conf import settings
from django.db import models

from billing.models import LooseLink, own_id


class TrialGrant(models.Model):
    """One more free trial of a product for a person; used up by the next trial that begins after `granted_at`."""

    id = own_id()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trial_grants", verbose_name="person"
    )
    product = LooseLink("billing.Product", related_name="+")
    # On Stripe's clock, like the beginnings of trials.
    granted_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("-granted_at",)
        verbose_name = "granted trial"

    def __str__(self) -> str:
        return f"{self.user}: {self.product or self.product_id}"
