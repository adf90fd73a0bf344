"""Products and prices in the admin."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe

from billing.admin.stripe_admin import StripeAdmin
from billing.catalog import services as catalog
from billing.catalog import visibility
from billing.catalog.forms import PriceForm, ProductForm
from billing.models import Price, Product


@admin.register(Product)
class ProductAdmin(StripeAdmin):
    form = ProductForm
    list_display = ("name", "active", "is_offered", "price_list", "stripe_created_at")
    list_filter = ("active", "offer", "can_be_bought_again", "is_deleted")
    search_fields = ("name", "description", "id")
    readonly_fields = ("id", "price_table", "feature_list", "is_offered")
    actions = ("archive", "restore", "show_here", "hide_here", "follow_setting")
    list_per_page = 50

    PRODUCT_FIELDS = (
        *("name", "description", "features", "active"),
        *("can_be_bought_again", "can_be_tried_again", "has_quantity", "grace_days"),
    )
    PRICE_FIELDS = ("amount", "currency", ("interval", "interval_count"), ("trial_days", "trial_without_card"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Product]:
        return super().get_queryset(request).prefetch_related("prices")

    def get_fieldsets(self, request: HttpRequest, obj: Product | None = None) -> Any:
        editable = (*self.PRODUCT_FIELDS, "request_id")
        if obj is None:
            return [(None, {"fields": editable}), ("First price", {"fields": self.PRICE_FIELDS})]
        prices = ("Prices", {"fields": ("price_table",)})
        if not self.has_change_permission(request, obj):
            readable = ("feature_list" if field == "features" else field for field in self.PRODUCT_FIELDS)
            return [(None, {"fields": ("id", *readable, "is_offered")}), prices]
        another = {"fields": self.PRICE_FIELDS, "description": "Leave the amount empty to add no price."}
        return [(None, {"fields": ("id", *editable, "is_offered", "opened_with")}), prices, ("Add a price", another)]

    def get_readonly_fields(self, request: HttpRequest, obj: Product | None = None) -> Any:  # noqa: ARG002
        return self.readonly_fields if obj else ()

    @admin.display(description="Prices on sale", empty_value="none")
    def price_list(self, product: Product) -> SafeString:
        on_sale = ((price,) for price in product.prices.all() if price.is_on_sale)
        return format_html_join(mark_safe("<br>"), "{}", on_sale)

    @admin.display(boolean=True, description="On sale here")
    def is_offered(self, product: Product) -> bool:
        """Whether people can buy it here: it is on sale, and so is a price of it."""
        return any(price.is_on_sale for price in product.prices.all())

    @admin.display(description="All prices", empty_value="none")
    def price_table(self, product: Product) -> SafeString:
        """Each price with a link to its page, archived prices last."""
        return format_html_join(
            mark_safe("<br>"),
            '<a href="{}">{}</a>{}{}',
            (
                (
                    reverse("admin:billing_price_change", args=[quote(price.pk)]),
                    price,
                    ", the default" if price.pk == product.default_price_id else "",
                    "" if price.active else ", archived",
                )
                for price in sorted(product.prices.all(), key=lambda price: not price.active)
            ),
        )

    @admin.display(description="Features")
    def feature_list(self, product: Product) -> str:
        return "\n".join(product.features)

    @admin.action(description="Archive: take off sale", permissions=["change"])
    def archive(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self.send_each(request, products, lambda product: catalog.archive_product(product=product), "Archived")

    @admin.action(description="Restore: put on sale again", permissions=["change"])
    def restore(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self.send_each(request, products, lambda product: catalog.restore_product(product=product), "Restored")

    @admin.action(description="Show here: sell on this site", permissions=["change"])
    def show_here(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self._set_visibility(request, products, visibility.show, "Shown here")

    @admin.action(description="Hide here: nothing changes at Stripe", permissions=["change"])
    def hide_here(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self._set_visibility(request, products, visibility.hide, "Hidden here")

    @admin.action(description="Sell here as PRODUCTS_ON_SALE says", permissions=["change"])
    def follow_setting(self, request: HttpRequest, products: QuerySet[Product]) -> None:
        self._set_visibility(request, products, visibility.follow_setting, "Sold as the setting says")

    def _set_visibility(
        self, request: HttpRequest, products: QuerySet[Product], choose: Callable[..., Product], done: str
    ) -> None:
        for product in products:
            choose(product=product)
            self.log_change(request, product, f"{done}.")
        self.message_user(request, f"{done}: {', '.join(map(str, products))}.", messages.SUCCESS)


@admin.register(Price)
class PriceAdmin(StripeAdmin):
    form = PriceForm
    list_display = ("__str__", "product", "active", "is_default", "trial_days", "nickname")
    list_filter = ("active", "interval", "currency")
    list_select_related = ("product",)
    search_fields = ("product__name", "nickname", "id")
    shown = ("currency", "billed", "trial_days", "product", "is_default", "active", "nickname", "id")
    readonly_fields = ("shown_amount", *shown)
    actions = ("archive", "restore", "make_default")
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Prices are added on their product's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Price | None = None) -> bool:
        """A price without a fixed amount (tiers, for example) can't be changed here."""
        return super().has_change_permission(request, obj) and (obj is None or obj.is_plain)

    def get_fields(self, request: HttpRequest, obj: Price | None = None) -> Any:
        typed = ("amount", "request_id") if self.has_change_permission(request, obj) else ("shown_amount",)
        return (*typed, *self.shown)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        # Saving archives this price, so nothing is left to continue with.
        context = {**(extra_context or {}), "show_save_and_continue": False}
        return super().changeform_view(request, object_id, form_url, context)

    def response_change(self, request: HttpRequest, obj: Price) -> HttpResponse:
        """Say what became of the price: Django would say that the new one was changed."""
        match = request.resolver_match
        if match is None or obj.pk == unquote(match.kwargs["object_id"]):
            self.message_user(request, f"{obj} is the amount already, so nothing was changed.", messages.INFO)
        else:
            done = f"{obj} is the new price, and the one before is archived. Running subscriptions stay on that one."
            self.message_user(request, done, messages.SUCCESS)
        return self.response_post_save_change(request, obj)

    @admin.display(description="Amount")
    def shown_amount(self, price: Price) -> str:
        return price.amount_display

    @admin.display(description="Billed")
    def billed(self, price: Price) -> str:
        return price.interval_display

    @admin.display(boolean=True, description="Default")
    def is_default(self, price: Price) -> bool:
        return price.product is not None and price.product.default_price_id == price.pk

    @admin.action(description="Archive: take off sale", permissions=["change"])
    def archive(self, request: HttpRequest, prices: QuerySet[Price]) -> None:
        self.send_each(request, prices, lambda price: catalog.archive_price(price=price), "Archived")

    @admin.action(description="Restore: put on sale again", permissions=["change"])
    def restore(self, request: HttpRequest, prices: QuerySet[Price]) -> None:
        self.send_each(request, prices, lambda price: catalog.restore_price(price=price), "Restored")

    @admin.action(description="Make this the product's default price", permissions=["change"])
    def make_default(self, request: HttpRequest, prices: QuerySet[Price]) -> None:
        products = [price.product_id for price in prices]
        if len(set(products)) < len(products):
            self.message_user(
                request, "Choose one price of each product: only one can be its default.", messages.ERROR
            )
            return
        self.send_each(request, prices, lambda price: catalog.make_default(price=price), "Now the default")
