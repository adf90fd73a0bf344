"""The random id of this database."""

import uuid

from django.db import models


class Installation(models.Model):
    """A random id of this database, created once: part of every idempotency key and of metadata at Stripe.

    A new database gets another id, so its keys never collide with those of the old database.
    """

    THE_ONE = "installation"

    id = models.CharField(primary_key=True, max_length=20, default=THE_ONE, db_column="_id")
    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    def __str__(self) -> str:
        return str(self.uuid)

    @classmethod
    def current_id(cls) -> str:
        return cls.objects.get_or_create(pk=cls.THE_ONE)[0].uuid.hex
