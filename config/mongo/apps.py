"""Django's own apps, with ObjectIds as primary keys, and the site's app, which mends the backend."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.apps import AuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig

from config.mongo import AUTO_FIELD


class MongoSiteConfig(AppConfig):
    name = "config"

    def ready(self) -> None:
        from config.mongo import patterns, prefetching  # noqa: PLC0415  (the backend is installed where it is used)

        patterns.install()
        prefetching.install()


class MongoAdminConfig(AdminConfig):
    default_auto_field = AUTO_FIELD


class MongoAuthConfig(AuthConfig):
    default_auto_field = AUTO_FIELD


class MongoContentTypesConfig(ContentTypesConfig):
    default_auto_field = AUTO_FIELD
