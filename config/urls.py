"""The paths of the site, each with the module that serves it."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from config.accounts.forms import AdminSignInForm
from config.accounts.views import change_staff_password
from config.healthz import healthz

admin.site.login_form = AdminSignInForm

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("admin/password_change/", admin.site.admin_view(change_staff_password)),
    path("admin/", admin.site.urls),
    path("accounts/", include("config.accounts.urls")),
    path("accounts/", include("django.contrib.auth.urls")),
    path("api/", include("config.api.urls")),
    path("", include("subscriptions.urls")),
]
