from django.db import migrations

from config.mongo.indexes import lookup_index


class Migration(migrations.Migration):
    dependencies = [("sessions", "0001_initial")]

    operations = [lookup_index("django_session", "session_key")]
