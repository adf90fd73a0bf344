"""The sign-up page, and the limits of the pages that are Django's own."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth import login
from django.contrib.auth.views import PasswordChangeView, PasswordResetView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from config.accounts.forms import (
    AdminChangePasswordForm,
    ChangePasswordForm,
    ResetForm,
    SignUpForm,
    refuse_for_now,
)
from config.accounts.hashing import HashingBusy
from config.accounts.tokens import reset_tokens
from subscriptions import limits
from subscriptions.limits import TooMany, Try

if TYPE_CHECKING:  # Generic in the stubs only.
    SignUpFormView = FormView[SignUpForm]
else:
    SignUpFormView = FormView


@method_decorator([sensitive_post_parameters("password1", "password2"), csrf_protect, never_cache], name="dispatch")
class SignUp(RedirectURLMixin, SignUpFormView):
    template_name = "registration/signup.html"
    form_class = SignUpForm
    next_page = "account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return HttpResponseRedirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            limits.take(*Try.by("SIGN_UP", request=request, account=request.POST.get("email", "")), now=timezone.now())
        except TooMany as error:
            form = self.get_form()
            form.refusal = request.refused_for_now = error  # type: ignore[attr-defined]
            return self.form_invalid(form)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            user = form.register()
        except HashingBusy as error:
            refuse_for_now(form, self.request, error)
            user = None
        if user is None:
            return self.form_invalid(form)
        login(self.request, user)
        return HttpResponseRedirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, next=self.get_redirect_url())


class ChangePassword(PasswordChangeView):
    """Django's page, with the status for too many guesses at the old password."""

    form_class = ChangePasswordForm

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.refusal:
            self.request.refused_for_now = form.refusal  # type: ignore[attr-defined]
        return super().form_invalid(form)


def change_staff_password(request: HttpRequest) -> HttpResponseBase:
    """The admin's page, as `AdminSite.password_change` shows it, with our form."""
    page = ChangePassword.as_view(
        form_class=AdminChangePasswordForm,
        success_url=reverse("admin:password_change_done"),
        extra_context=admin.site.each_context(request),
    )
    return page(request)


class PasswordReset(PasswordResetView):
    """Django's page, with a limit of mails for each address that asks, and for each address that they go to."""

    form_class = ResetForm
    token_generator = reset_tokens

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            limits.take(*Try.by("MAIL", request=self.request, account=form.cleaned_data["email"]), now=timezone.now())
        except TooMany as error:
            refuse_for_now(form, self.request, error)
            return self.form_invalid(form)
        return super().form_valid(form)
