import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("subscriptions", "0027_cancellation_details"),
    ]

    operations = [
        migrations.CreateModel(
            name="PersonLookup",
            fields=[
                (
                    "user",
                    models.OneToOneField(
                        db_column="_id",
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("email", models.CharField(blank=True, max_length=255)),
                ("name", models.CharField(blank=True, max_length=255)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["email"], name="subscriptio_email_d4fcd6_idx"),
                    models.Index(fields=["name"], name="subscriptio_name_570104_idx"),
                ],
            },
        ),
    ]
