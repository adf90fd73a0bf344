"""Customers, with actions that archive and restore them, and customers that were removed."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from subscriptions.admin.linking import LinksToPeople
from subscriptions.admin.read_only import ReadOnlyAdmin, ReadOnlyInline
from subscriptions.admin.schedules import discount_words
from subscriptions.customers import services as customers
from subscriptions.customers.services import CannotArchive
from subscriptions.models import Customer, ErasedCustomer, Payment, Subscription


class ArchivedFilter(admin.SimpleListFilter):
    """Hides archived and deleted customers from the list unless they are chosen."""

    title = "listed"
    parameter_name = "listed"

    def lookups(self, *_: Any) -> list[tuple[str, str]]:
        return [("archived", "Archived"), ("deleted", "Deleted at Stripe"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "Current"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:  # noqa: ARG002
        match self.value():
            case "archived":
                return queryset.exclude(archived_at=None)
            case "deleted":
                return queryset.filter(is_deleted=True)
            case "all":
                return queryset
        return queryset & Customer.objects.listed()


class SubscriptionInline(ReadOnlyInline):
    model = Subscription
    readonly_fields = ("standing_label", "price_display")
    fields = (
        "id",
        "standing_label",
        "product",
        "price_display",
        "quantity",
        "current_period_end_at",
        "cancel_at_period_end",
    )


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ("payment_intent_id", "status_label", "product", "amount_display", "stripe_created_at")
    readonly_fields = ("status_label", "amount_display")


@admin.register(Customer)
class CustomerAdmin(LinksToPeople):
    exclude = ("discount",)
    readonly_fields = ("user", "discount_in_words")
    list_display = ("email", "name", "id", "user", "stripe_created_at", "archived_at")
    list_filter = (ArchivedFilter,)
    list_select_related = ("account__user",)
    search_fields = ("email", "name", "id", f"account__user__{get_user_model().USERNAME_FIELD}")
    inlines = (SubscriptionInline, PaymentInline)
    actions = ("archive", "restore")

    @admin.display(description="discount")
    def discount_in_words(self, customer: Customer) -> str:
        """Name the discount of subscriptions that have none of their own."""
        return discount_words(customer.discount) if customer.discount else "-"

    @admin.action(description="Archive: hide from lists", permissions=["manage"])
    def archive(self, request: HttpRequest, chosen: QuerySet[Customer]) -> None:
        count = 0
        current = [customer for customer in chosen if customer.archived_at is None]
        if chosen and not current:
            self.message_user(request, "The chosen customers are archived already.", messages.WARNING)
        for customer in current:
            try:
                customers.archive(customer, now=timezone.now())
            except CannotArchive as error:
                self.message_user(request, f"Customer {customer} was not archived: {error}", messages.ERROR)
            else:
                self.log_change(request, customer, "Archived.")
                count += 1
        if count:
            self.message_user(request, f"{count} archived.", messages.SUCCESS)

    @admin.action(description="Restore from the archive", permissions=["manage"])
    def restore(self, request: HttpRequest, chosen: QuerySet[Customer]) -> None:
        archived = [customer for customer in chosen if customer.archived_at]
        for customer in archived:
            customers.restore(customer)
            self.log_change(request, customer, "Restored from the archive.")
        if archived:
            self.message_user(request, f"{len(archived)} restored.", messages.SUCCESS)
        else:
            self.message_user(request, "Nothing to restore: no chosen customer is archived.", messages.WARNING)

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("subscriptions.change_customer")


@admin.register(ErasedCustomer)
class ErasedCustomerAdmin(ReadOnlyAdmin):
    list_display = ("id", "reason", "erased_at")
    search_fields = ("id",)
