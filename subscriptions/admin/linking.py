"""Whose a customer is, and the page that links one made elsewhere to a user."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone

from billing.errors import StripeFailure
from subscriptions.admin.read_only import ReadOnlyAdmin
from subscriptions.customers import api_users, confirming, linking, ownership
from subscriptions.customers.linking import CannotLink, Prospect
from subscriptions.models import Customer, LinkedCustomer
from subscriptions.people import lookup
from subscriptions.plans import leaving
from subscriptions.user_model import User


class LinkForm(forms.Form):
    """The user to link to; unless they have confirmed the customer's address, staff type the customer's id."""

    user_name = forms.CharField(label="User", max_length=254)
    override = forms.CharField(
        label="Override",
        required=False,
        help_text="Only if the user has not confirmed the customer's address: type the customer's id.",
    )

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.customer = customer

    def clean_user_name(self) -> User:
        user = api_users.find(self.cleaned_data["user_name"])
        if user is None:
            raise forms.ValidationError("There is no user of this name.")
        return user

    def clean(self) -> dict[str, Any]:
        user = self.cleaned_data.get("user_name")
        is_confirmed = user and user.email == self.customer.email and confirming.is_confirmed(user)
        if user and not is_confirmed and self.cleaned_data.get("override") != self.customer.pk:
            self.add_error(
                "override", f"{user} has not confirmed {self.customer.email or 'an address'}. Type {self.customer.pk}."
            )
        return self.cleaned_data


class LinksToPeople(ReadOnlyAdmin):
    """Adds the column and the page to the admin of customers."""

    change_form_template = "admin/subscriptions/customer.html"

    @admin.display(description="User")
    def user(self, customer: Customer) -> str:
        account = getattr(customer, "account", None)
        owner = account.user if account else _linked_user(customer)
        if owner is None:
            return "no account here"
        differs = owner.email and customer.email and owner.email != customer.email
        return f"{owner} ({owner.email} here)" if differs and owner.email != str(owner) else str(owner)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Look up the users of linked customers for the whole page in one query."""
        shown = super().get_changelist_instance(request)
        rows = list(shown.result_list)
        links = LinkedCustomer.objects.filter(pk__in=[row.pk for row in rows]).select_related("account__user")
        users = {link.pk: link.account.user for link in links}
        for row in rows:
            row.linked_user = users.get(row.pk)
        shown.result_list = rows
        return shown

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        customer = self.get_object(request, unquote(object_id))
        is_free = customer is not None and not customer.is_deleted and ownership.owner_of(customer.pk) is None
        extra = {
            "can_link": is_free and self._may_link(request),
            "same_address": _with_address_of(customer) if customer is not None and is_free else None,
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **extra})

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.link_view)
        return [path("<path:object_id>/link/", view, name="subscriptions_customer_link"), *super().get_urls()]

    def link_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        if not self._may_link(request):
            raise PermissionDenied
        customer = self.get_object(request, unquote(object_id))
        if customer is None:
            raise Http404("no such customer")
        suggested = _with_address_of(customer)
        initial = {"user_name": request.GET.get("user") or (suggested.get_username() if suggested else "")}
        form = LinkForm(request.POST if request.method == "POST" else None, customer=customer, initial=initial)
        if request.method == "POST" and form.is_valid() and self._was_linked(request, customer, form):
            return redirect("admin:subscriptions_customer_change", quote(customer.pk))
        return self._show(request, customer, form)

    def _was_linked(self, request: HttpRequest, customer: Customer, form: LinkForm) -> bool:
        user = form.cleaned_data["user_name"]
        try:
            linking.link(customer=customer, user=user, now=timezone.now())
        except (CannotLink, StripeFailure) as error:
            form.add_error(None, error.for_staff if isinstance(error, StripeFailure) else str(error))
            return False
        how = " without a confirmed address" if form.cleaned_data["override"] else ""
        self.log_change(request, customer, f"Linked to the user {user}{how}.")
        self.message_user(request, f"Linked {customer.pk} to {user}.", messages.SUCCESS)
        return True

    def _show(self, request: HttpRequest, customer: Customer, form: LinkForm) -> HttpResponse:
        name = form["user_name"].value()
        user = api_users.find(name) if name else None
        found, problem = _prospect(customer, user) if user else (None, "")
        context = {
            **self.admin_site.each_context(request),
            "title": f"Link {customer.pk} to a user",
            "opts": self.opts,
            "original": customer,
            "step": "Link",
            "form": form,
            "person": user,
            "is_confirmed": user and user.email == customer.email and confirming.is_confirmed(user),
            "prospect": found,
            "problem": problem,
            "owner": ownership.owner_of(customer.pk),
            "lines": [leaving.charge_in_words(subscription) for subscription in found.subscriptions] if found else [],
            "twice": _paid_twice(found, user) if found and user else [],
            "back": reverse("admin:subscriptions_customer_change", args=[quote(customer.pk)]),
        }
        return render(request, "admin/subscriptions/link.html", context)

    def _may_link(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_customer")


def _prospect(customer: Customer, user: User) -> tuple[Prospect | None, str]:
    try:
        return linking.prospect(customer=customer, user=user), ""
    except CannotLink as error:
        return None, str(error)
    except StripeFailure as error:
        return None, error.for_staff


def _paid_twice(found: Prospect, user: User) -> list[str]:
    """Return the names of the products that the person pays already."""
    paid = {product for own in ownership.running_of(user) for product in own.product_ids}
    return sorted({other.product_name for other in found.subscriptions if other.product_ids & paid})


def _linked_user(customer: Customer) -> User | None:
    return customer.linked_user if hasattr(customer, "linked_user") else ownership.owner_of(customer.pk)


def _with_address_of(customer: Customer) -> User | None:
    if not customer.email:
        return None
    return next((user for user in lookup.with_address(customer.email) if user.email == customer.email), None)
