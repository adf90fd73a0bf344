"""What Stripe was asked to create, until its answer is known."""

from django.db import models


class KeptRequest(models.Model):
    """An object that Stripe was asked to create, until it is known whether it was created.

    The key is a digest of what was asked for: a form that is opened anew and asks for the same finds the request that
    is open. Its `request_id` is in the object's metadata, where it is looked for first.
    """

    id = models.CharField(primary_key=True, max_length=64, db_column="_id")
    request_id = models.CharField(max_length=100)
    attempt = models.PositiveIntegerField(default=0)
    params = models.TextField()
    about = models.CharField(max_length=255, blank=True, db_index=True)
    asked_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["request_id"]), models.Index(fields=["asked_at"])]

    def __str__(self) -> str:
        return self.request_id
