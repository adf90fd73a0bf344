"""The forms for signing up, signing in and passwords."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth import get_user_model
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm, PasswordResetForm, UserCreationForm
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.forms.utils import ErrorDict
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from config.accounts import known_browsers
from config.accounts.hashing import HashingBusy
from subscriptions import limits
from subscriptions.customers import api_users
from subscriptions.limits import TooMany, Try
from subscriptions.models.person_lookup import fold
from subscriptions.people import account_claims, lookup
from subscriptions.user_model import User

if TYPE_CHECKING:  # Generic in the stubs only.
    UserForm = UserCreationForm[User]
else:
    UserForm = UserCreationForm


def refuse_for_now(form: forms.BaseForm, request: HttpRequest, error: TooMany | HashingBusy) -> None:
    """Show the form again as it was filled in; the middleware sets the status and Retry-After."""
    request.refused_for_now = error  # type: ignore[attr-defined]
    form.add_error(None, str(error))


class Limited:
    """Counts wrong passwords by address and by account, and checks no further ones beyond the limit."""

    request: HttpRequest | None
    cleaned_data: dict[str, Any]

    def clean(self) -> Any:
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if self.request is None or not name or not password:
            return super().clean()  # type: ignore[misc]
        now = timezone.now()
        tries = known_browsers.tries(self.request, account=name)
        try:
            limits.take(*tries, now=now)
            cleaned = super().clean()  # type: ignore[misc]
        except (TooMany, HashingBusy) as error:
            if isinstance(error, HashingBusy):
                limits.give_back(*tries, now=now)
            self.request.refused_for_now = error  # type: ignore[attr-defined]
            raise ValidationError(str(error), code="refused_for_now") from error
        limits.give_back(*tries, now=now)
        return cleaned


class SignInForm(Limited, AuthenticationForm):
    pass


class AdminSignInForm(Limited, AdminAuthenticationForm):
    pass


class LimitedOldPassword:
    """Counts wrong guesses at the old password as wrong passwords of the account."""

    user: User
    refusal: TooMany | None = None

    def clean_old_password(self) -> str:
        guess = Try("SIGN_IN account", fold(self.user.get_username()), settings.SIGN_IN_RATE_PER_ACCOUNT)
        now = timezone.now()
        try:
            limits.take(guess, now=now)
        except TooMany as error:
            self.refusal = error
            raise ValidationError(str(error), code="refused_for_now") from error
        old_password: str = super().clean_old_password()  # type: ignore[misc]
        limits.give_back(guess, now=now)
        return old_password


class ChangePasswordForm(LimitedOldPassword, PasswordChangeForm):
    pass


class AdminChangePasswordForm(LimitedOldPassword, AdminPasswordChangeForm):
    pass


class SignUpForm(UserForm):
    """Django's form with an e-mail address. No other account has it or the name in any mix of upper and lower case."""

    email = forms.EmailField(
        label="Email address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    class Meta(UserCreationForm.Meta):
        model = get_user_model()
        fields = tuple(dict.fromkeys((model.USERNAME_FIELD, "email")))

    # Set by the view if this try is one too many: nothing is checked then, so that nothing can be learnt either.
    refusal: TooMany | None = None

    def full_clean(self) -> None:
        if self.refusal is None:
            return super().full_clean()
        self._errors, self.cleaned_data = ErrorDict(), {}
        return self.add_error(None, str(self.refusal))

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if lookup.with_address(email):
            raise ValidationError(
                format_html(
                    'This address already has an account. <a href="{}">Reset its password</a>, or log in.',
                    reverse("password_reset"),
                ),
                code="unique",
            )
        return email

    def clean_username(self) -> str:
        """Refuse a name that differs from another in case alone, as Django's form does, but by an index."""
        name: str = self.cleaned_data["username"]
        if lookup.with_name(name):
            raise ValidationError(self.instance.unique_error_message(get_user_model(), ("username",)))
        return name

    def register(self) -> User | None:
        """Save the account; if another sign-up took the name or address meanwhile, add that error and return None."""
        field = get_user_model().USERNAME_FIELD
        # The password is hashed here: in a transaction it would keep everybody else from writing to SQLite meanwhile.
        user = self.save(commit=False)
        try:
            with account_claims.held(name=self.cleaned_data[field], address=self.cleaned_data["email"]):
                return self._save_unless_taken(user, field)
        except account_claims.NameClaimed as error:
            self.add_error(field, str(error))
        except account_claims.AddressClaimed as error:
            self.add_error("email", str(error))
        return None

    def _save_unless_taken(self, user: User, field: str) -> User | None:
        self._clean_fields_again(field, "email")
        if self.errors:
            return None
        try:
            with transaction.atomic():
                user.save()
                self.save_m2m()
        except IntegrityError:
            self.add_error(field, self.instance.unique_error_message(get_user_model(), (field,)))
            return None
        return user

    def _clean_fields_again(self, *names: str) -> None:
        for name in dict.fromkeys(names):
            try:
                getattr(self, f"clean_{name}", lambda: None)()
            except ValidationError as error:
                self.add_error(name, error)


class ResetForm(PasswordResetForm):
    """Django's form mails nobody without a password; this one also mails people whose account the API created.

    The link is made of SITE_URL. Django's form would take the Host header, which the sender of the request chooses.
    """

    def save(self, **options: Any) -> None:  # type: ignore[override]
        site = urlsplit(settings.SITE_URL)
        super().save(**{**options, "domain_override": site.netloc, "use_https": site.scheme == "https"})

    def get_users(self, email: str) -> Iterator[User]:
        for person in lookup.with_address(email):
            if person.is_active and (person.has_usable_password() or api_users.awaits_password(person)):
                yield person
