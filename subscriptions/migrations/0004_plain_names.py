"""Plain names for the ids of erased customers and for unsaved lines of history; and the objects that a sync failed on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("subscriptions", "0003_product_claim"),
    ]

    operations = [
        migrations.RenameModel("Tombstone", "ErasedCustomer"),
        migrations.RenameField("ErasedCustomer", "buried_at", "erased_at"),
        migrations.RenameField("Subscription", "untold_change", "unsaved_history_line"),
        migrations.AddField(
            model_name="syncrun",
            name="failed_objects",
            field=models.PositiveIntegerField(default=0, verbose_name="objects failed"),
        ),
        migrations.AddField(
            model_name="syncrun",
            name="failures",
            field=models.JSONField(
                blank=True, default=list, help_text="The first of the objects that failed, each with the reason."
            ),
        ),
    ]
