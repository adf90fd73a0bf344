"""The paths under /accounts/ that replace or add to Django's own."""

from django.contrib.auth.views import PasswordResetView
from django.urls import path

from config.accounts.forms import ResetForm
from config.accounts.views import SignUp

urlpatterns = [
    path("signup/", SignUp.as_view(), name="signup"),
    path("password_reset/", PasswordResetView.as_view(form_class=ResetForm), name="password_reset"),
]
