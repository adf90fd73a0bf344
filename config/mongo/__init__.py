"""Runs Django's own apps on MongoDB, where primary keys are ObjectIds instead of integers."""

ENGINE = "config.mongo.backend"
AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]

# Copies of the apps' migrations, with ObjectIds and with the indexes that look-ups need.
MIGRATION_MODULES = {app: f"config.mongo.migrations.{app}" for app in ("admin", "auth", "contenttypes", "sessions")}

_APPS = {
    "config": "config.mongo.apps.MongoSiteConfig",
    "django.contrib.admin": "config.mongo.apps.MongoAdminConfig",
    "django.contrib.auth": "config.mongo.apps.MongoAuthConfig",
    "django.contrib.contenttypes": "config.mongo.apps.MongoContentTypesConfig",
}


def with_object_ids(apps: list[str]) -> list[str]:
    """Return INSTALLED_APPS with the apps replaced whose primary keys would be integers, and the site's own."""
    return [_APPS.get(app, app) for app in apps]
