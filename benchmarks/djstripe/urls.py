"""dj-stripe's webhook view, at the path in its documentation."""

from django.urls import include, path

urlpatterns = [path("stripe/", include("djstripe.urls", namespace="djstripe"))]
