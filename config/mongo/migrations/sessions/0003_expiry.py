from django.db import migrations

from config.mongo.indexes import expiry_index


class Migration(migrations.Migration):
    dependencies = [("sessions", "0002_lookup_indexes")]

    operations = [expiry_index("django_session", "expire_date")]
