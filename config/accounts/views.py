"""The sign-up page. Every other page of accounts is Django's own."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import login
from django.contrib.auth.views import RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView

from config.accounts.forms import SignUpForm

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
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        user = form.register()
        if user is None:
            return self.form_invalid(form)
        login(self.request, user)
        return redirect(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, next=self.get_redirect_url())
