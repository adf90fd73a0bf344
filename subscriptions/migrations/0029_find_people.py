from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from subscriptions.models.person_lookup import fold

BATCH = 500


def add_rows(apps: Any, _editor: BaseDatabaseSchemaEditor) -> None:
    """Write how each user is found. What an interrupted migration has written is left as it is."""
    users, rows = apps.get_model(settings.AUTH_USER_MODEL), apps.get_model("subscriptions", "PersonLookup")
    name_field = get_user_model().USERNAME_FIELD
    if not {name_field, "email"} <= {field.name for field in users._meta.get_fields()}:
        return  # A user model whose later migrations add them; there are no users yet, or the full sync adds the rows.
    texts = users._default_manager.order_by("pk").values_list("pk", "email", name_field).iterator(chunk_size=BATCH)
    while batch := list(islice(texts, BATCH)):
        known = set(rows.objects.filter(pk__in=[pk for pk, *_ in batch]).values_list("pk", flat=True))
        rows.objects.bulk_create(
            [
                rows(pk=pk, email=fold(email or ""), name=fold(name or ""))
                for pk, email, name in batch
                if pk not in known
            ]
        )


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0028_person_lookup"),
    ]

    operations = [
        migrations.RunPython(add_rows, migrations.RunPython.noop),
    ]
