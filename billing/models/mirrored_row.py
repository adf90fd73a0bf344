"""`MirroredRow`, the base of every copy of a Stripe object, with its keys and links."""

import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor


def stripe_id(**options: Any) -> "models.CharField[str, str]":
    """A primary key that holds Stripe's own id. The column is `_id`, MongoDB's primary key."""
    return models.CharField(primary_key=True, max_length=255, db_column="_id", **options)


def own_id() -> "models.UUIDField[uuid.UUID | str, uuid.UUID]":
    return models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, db_column="_id")


def words_for(choices: type[models.TextChoices], value: str) -> str:
    """The label of a status; a status that Stripe added later is shown under Stripe's name."""
    known = {choice.value: str(choice.label) for choice in choices}
    return known.get(value, value.replace("_", " ").capitalize())


class _NoneWhenMissing(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    """Reads a link; gives None if the other row does not exist."""

    def get_object(self, instance: models.Model) -> Any:
        try:
            return super().get_object(instance)
        except ObjectDoesNotExist:
            return None


class LooseLink(models.ForeignKey[Any, Any]):
    """A foreign key to a mirrored row that may not exist (yet): no constraint, no cascade, None if missing."""

    forward_related_accessor_class = _NoneWhenMissing

    def __init__(self, to: Any, **options: Any) -> None:
        loose = {"null": True, "blank": True, "db_constraint": False, "on_delete": models.DO_NOTHING}
        super().__init__(to, **{**options, **loose})


class MirroredRow(models.Model):
    """A copy of a Stripe object. Only `billing.mirror.engine` writes it.

    The object looked like the row at some moment between `known_from` and `known_until`, both on Stripe's clock.
    `version` goes up with each write, and each write names the version that it replaces.
    """

    stripe_created_at = models.DateTimeField("created at Stripe", null=True, blank=True)
    is_deleted = models.BooleanField("deleted at Stripe", default=False)
    known_from = models.DateTimeField(null=True)
    known_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        # The whole order of most lists: MongoDB reads a list's first page from an index only if it has each column.
        indexes = [models.Index(fields=["-stripe_created_at", "id"])]
