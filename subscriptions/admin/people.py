"""The admin of users, whichever app registers it: their customers and subscriptions, and what deleting a user ends."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.actions import delete_selected
from django.contrib.admin.utils import flatten_fieldsets, quote, unquote
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from subscriptions.admin.leaving import LeavingForm
from subscriptions.admin.read_only import ListPaginator
from subscriptions.models import BillingAccount, Customer, Subscription
from subscriptions.user_model import User

SHOWN = "at_stripe"


class PersonAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Mixed into the registered admin of users."""

    paginator = ListPaginator
    show_full_result_count = False
    delete_confirmation_template = "admin/subscriptions/delete_person.html"
    delete_selected_confirmation_template = "admin/subscriptions/delete_people.html"

    @admin.display(description="At Stripe")
    def at_stripe(self, person: User) -> str:
        """Show the person's customers and subscriptions, each with a link."""
        customers = Customer.objects.filter(pk__in=BillingAccount.objects.customer_ids_of(person))
        subscriptions = Subscription.objects.filter(customer__in=customers).select_related("product", "customer")
        lines = [_link(row, f"{row.pk} ({row.email or 'no address'})") for row in customers]
        lines += [_link(row, f"{row.product_name}: {row.standing_label}") for row in subscriptions]
        if not person.is_active and any(row.is_running for row in subscriptions):
            lines.insert(0, format_html("<strong>{}</strong>", "This user is deactivated and still pays."))
        return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines)) or "No customer yet"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return (*fields, SHOWN) if _may_see(request, obj) else fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if not _may_see(request, obj) or SHOWN in flatten_fieldsets(fieldsets):
            return fieldsets
        return (*fieldsets, ("Payments", {"fields": (SHOWN,)}))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Settle at Stripe first: Django's view runs in a transaction, in which no call is made."""
        person = self.get_object(request, unquote(object_id))
        if person is None or not self.has_delete_permission(request, person):
            return super().delete_view(request, object_id, extra_context)
        form = self._settled(request, [person])
        response = super().delete_view(request, object_id, {**(extra_context or {}), "leaving": form})
        self._forget_erased(request, form)
        return response

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if "delete_selected" in actions:
            actions["delete_selected"] = (_delete_selected, *actions["delete_selected"][1:])
        return actions

    def _settled(self, request: HttpRequest, people: list[User]) -> LeavingForm:
        """Return the form of the confirmation page. Unless all was done at Stripe, nothing is confirmed any more."""
        is_confirmed = request.method == "POST" and bool(request.POST.get("post"))
        form = LeavingForm(request.POST if is_confirmed else None, people=people, by=request.user)
        if not is_confirmed or self._would_be_refused(request, people):
            return form
        if not (form.is_valid() and self._settle(request, form)):
            _forget_confirmation(request)
        return form

    def _would_be_refused(self, request: HttpRequest, people: list[User]) -> bool:
        """Whether Django will refuse to delete these people for what belongs to them."""
        _, _, lacking, protected = self.get_deleted_objects(people, request)
        return bool(lacking or protected)

    def _settle(self, request: HttpRequest, form: LeavingForm) -> bool:
        is_done = True
        for person, done, error in form.settle():
            for sentence in done:
                self.log_change(request, person, sentence)
            if error:
                so_far = f" Done already: {' '.join(done)}" if done else ""
                self.message_user(request, f"Nobody was deleted. {person}: {error}{so_far}", messages.ERROR)
                is_done = False
        return is_done

    def _forget_erased(self, request: HttpRequest, form: LeavingForm) -> None:
        """Remove what names the erased people. Called last: Django's log of the deletion names them."""
        if problem := form.forget_erased():
            self.message_user(request, problem, messages.WARNING)


def extend_user_admin() -> None:
    """Mix PersonAdmin into the admin of users. Called when every app's admin is registered."""
    model, site = get_user_model(), admin.site
    registered = type(site.get_model_admin(model)) if site.is_registered(model) else admin.ModelAdmin
    if issubclass(registered, PersonAdmin):
        return
    if site.is_registered(model):
        site.unregister(model)
    site.register(model, type(registered.__name__, (PersonAdmin, registered), {}))


def _delete_selected(
    model_admin: PersonAdmin, request: HttpRequest, chosen: QuerySet[Any]
) -> TemplateResponse | HttpResponse | None:
    """Django's action, after everything was settled at Stripe."""
    form = model_admin._settled(request, list(chosen))  # noqa: SLF001  (of the same module)
    response = delete_selected(model_admin, request, chosen)
    model_admin._forget_erased(request, form)  # noqa: SLF001
    if isinstance(response, TemplateResponse):
        response.context_data = {**(response.context_data or {}), "leaving": form}
    return response


def _forget_confirmation(request: HttpRequest) -> None:
    """Make Django's views show their confirmation page again."""
    asked = request.POST.copy()
    asked.pop("post", None)
    # The page of one person is confirmed by any content at all; the action needs the choice of people.
    is_action = "action" in asked
    request.POST = asked if is_action else QueryDict()  # type: ignore[assignment]


def _may_see(request: HttpRequest, person: User | None) -> bool:
    return person is not None and request.user.has_perm("subscriptions.view_customer")


def _link(row: Customer | Subscription, text: str) -> SafeString:
    page = reverse(f"admin:subscriptions_{row._meta.model_name}_change", args=[quote(row.pk)])
    return format_html('<a href="{}">{}</a>', page, text)
