"""The paths under /accounts/ that replace or add to Django's own."""

from django.contrib.auth.views import LoginView, PasswordResetConfirmView
from django.urls import path

from config.accounts.forms import SignInForm
from config.accounts.tokens import reset_tokens
from config.accounts.views import ChangePassword, PasswordReset, SignUp

urlpatterns = [
    path("signup/", SignUp.as_view(), name="signup"),
    path("login/", LoginView.as_view(authentication_form=SignInForm), name="login"),
    path("password_change/", ChangePassword.as_view(), name="password_change"),
    path("password_reset/", PasswordReset.as_view(), name="password_reset"),
    path(
        "reset/<uidb64>/<token>/",
        PasswordResetConfirmView.as_view(token_generator=reset_tokens),
        name="password_reset_confirm",
    ),
]
