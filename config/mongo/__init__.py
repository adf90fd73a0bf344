"""Makes Django's own apps run on MongoDB, whose rows are keyed by ObjectIds instead of counted integers."""

AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]

# Migrations of our own: with ObjectIds instead of integers, and with the indexes that look-ups need.
MIGRATION_MODULES = {app: f"config.mongo.migrations.{app}" for app in ("admin", "auth", "contenttypes", "sessions")}

_APPS = {
    "django.contrib.admin": "config.mongo.apps.MongoAdminConfig",
    "django.contrib.auth": "config.mongo.apps.MongoAuthConfig",
    "django.contrib.contenttypes": "config.mongo.apps.MongoContentTypesConfig",
}


def with_object_ids(apps: list[str]) -> list[str]:
    """Return INSTALLED_APPS with Django's apps that count their rows replaced."""
    return [_APPS.get(app, app) for app in apps]
