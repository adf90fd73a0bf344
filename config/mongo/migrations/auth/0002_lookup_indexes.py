from django.db import migrations

from config.mongo.indexes import lookup_index


class Migration(migrations.Migration):
    dependencies = [("auth", "0001_initial")]

    operations = [lookup_index("auth_user", "username"), lookup_index("auth_group", "name")]
