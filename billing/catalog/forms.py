"""The admin's forms for products and prices, which check the input and then make the change at Stripe."""

import uuid
from typing import Any, cast

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminTextareaWidget, AdminTextInputWidget
from django.core.exceptions import ValidationError

from billing import money
from billing.catalog import services as catalog
from billing.catalog.errors import ChangedMeanwhile, HasOtherCurrencies, HasOtherTerms, NotOnSale
from billing.catalog.opened_forms import SinceOpened
from billing.catalog.prices import replacements
from billing.catalog.services import PriceTerms
from billing.errors import StripeFailure
from billing.models import Price, Product

# Stripe's own limits (https://docs.stripe.com/api/products/create), and a length of name that fits a button.
MAX_NAME = 250
MAX_DESCRIPTION = 5000
MAX_FEATURES = 15
MAX_FEATURE = 80
MAX_INTERVAL_DAYS = 3 * 365
MAX_TRIAL_DAYS = 730
MAX_GRACE_DAYS = 365

DAYS = {Price.Interval.DAY: 1, Price.Interval.WEEK: 7, Price.Interval.MONTH: 30, Price.Interval.YEAR: 365}


class RequestIdField(forms.UUIDField):
    """A hidden random id of one form. It stays the same when the form is sent again, so nothing is created twice."""

    widget = forms.HiddenInput

    def has_changed(self, *_: Any) -> bool:
        return False


class LinesField(forms.CharField):
    """A list of texts, one per line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return _lines(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return _lines(self.prepare_value(initial) or "") != _lines(data or "")


class StripeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A form that is valid once Stripe has accepted the change; it shows a refusal and keeps the input.

    `send` makes the change and returns the row, which becomes the form's instance.
    """

    request_id = RequestIdField(initial=uuid.uuid4, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # What the user should know after the change was made.
        self.notices: list[str] = []

    @property
    def request_key(self) -> str:
        return (self.cleaned_data["request_id"] or uuid.uuid4()).hex

    def is_valid(self) -> bool:
        return bool(super().is_valid()) and self._sent()

    def send(self) -> Any:
        raise TypeError(f"{type(self).__name__} has no send()")

    def field_of_refusal(self, error: StripeFailure) -> tuple[str | None, str]:
        """Return the field that a failure is shown at (None: above the form), and its words."""
        return None, error.for_staff

    def _sent(self) -> bool:
        try:
            self.instance = self.send()
        except StripeFailure as error:
            self.add_error(*self.field_of_refusal(error))
            return False
        except (ChangedMeanwhile, NotOnSale, HasOtherCurrencies, HasOtherTerms) as refusal:
            self.add_error(None, str(refusal))
            return False
        return True


def interval_problems(interval: str, count: int, trial_days: int | None) -> dict[str, str]:
    """The errors, by field, of a price's interval and trial."""
    if interval == Price.Interval.ONE_TIME:
        return {"trial_days": "A one-time price has no trial."} if trial_days else {}
    too_long = count * DAYS[Price.Interval(interval)] > MAX_INTERVAL_DAYS
    return {"interval_count": "Stripe bills at least every three years."} if too_long else {}


def parse_amount(text: str, currency: str, *, is_for_each: bool) -> int:
    """Read the amount of a price. Raises money.NotMoney if Stripe can't charge it.

    The amount for each of several, such as seats, can be less than the least charge.
    """
    amount = money.parse(text, currency)
    if not is_for_each:
        money.check_charge(amount, currency)
    return amount


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class PriceFields(forms.Form):
    """The fields of a new price."""

    amount = forms.CharField(max_length=30, help_text="In the currency's own decimals: 19.00 USD, 1900 JPY.")
    currency = forms.CharField(
        max_length=3,
        initial="usd",
        widget=forms.TextInput(attrs={"size": 5}),
        help_text="Three letters, for example usd, eur or jpy.",
    )
    interval = forms.ChoiceField(
        choices=[(choice.value, f"every {choice.label}") for choice in Price.Interval if choice != "one_time"]
        + [(Price.Interval.ONE_TIME.value, "once")],
        initial=Price.Interval.MONTH,
        label="Billed",
    )
    interval_count = forms.IntegerField(
        min_value=1,
        initial=1,
        label="Interval count",
        widget=AdminIntegerFieldWidget,
        help_text="3 with “every month” bills each quarter.",
    )
    trial_days = forms.IntegerField(
        min_value=1,
        max_value=MAX_TRIAL_DAYS,
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text="Free days before the first payment. Empty: no trial.",
    )
    trial_without_card = forms.BooleanField(
        required=False,
        help_text="Checkout asks for no card. The subscription ends with the trial unless a card is added.",
    )

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).lower()
        if not money.is_currency(code):
            raise ValidationError(f"“{code}” is not a currency.")
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._clean_amount(cleaned)
        self._clean_interval(cleaned)
        return cleaned

    def _clean_amount(self, cleaned: dict[str, Any]) -> None:
        if cleaned.get("amount") and cleaned.get("currency"):
            try:
                amount = parse_amount(
                    cleaned["amount"], cleaned["currency"], is_for_each=bool(cleaned.get("has_quantity"))
                )
            except money.NotMoney as error:
                self.add_error("amount", str(error))
            else:
                cleaned["unit_amount"] = amount

    def _clean_interval(self, cleaned: dict[str, Any]) -> None:
        interval, count = cleaned.get("interval"), cleaned.get("interval_count") or 1
        if interval == Price.Interval.ONE_TIME:
            cleaned["interval_count"] = count = 1
        if interval:
            for field, problem in interval_problems(interval, count, cleaned.get("trial_days")).items():
                self.add_error(field, problem)

    def terms(self) -> PriceTerms:
        fields = ("unit_amount", "currency", "interval", "interval_count", "trial_days")
        typed = {field: self.cleaned_data[field] for field in fields}
        return PriceTerms(**typed, trial_needs_card=not self.cleaned_data["trial_without_card"])


class ProductForm(PriceFields, SinceOpened, StripeForm):
    """A new product with its first price; or an existing one, with one more price if an amount is entered."""

    name = forms.CharField(max_length=MAX_NAME, widget=AdminTextInputWidget)
    description = forms.CharField(
        max_length=MAX_DESCRIPTION, required=False, widget=AdminTextareaWidget(attrs={"rows": 3})
    )
    features = LinesField(
        required=False,
        widget=AdminTextareaWidget(attrs={"rows": 5}),
        help_text=f"One per line, at most {MAX_FEATURES}. Shown with the plan.",
    )

    grace_days = forms.IntegerField(
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text="Days of access after a failed renewal payment. Empty: the setting PAST_DUE_GRACE_DAYS.",
    )

    class Meta:
        model = Product
        fields = (
            "name",
            "description",
            "features",
            "active",
            "can_be_bought_again",
            "can_be_tried_again",
            "has_quantity",
            "grace_days",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_new:
            self.fields["amount"].required = False

    @property
    def is_new(self) -> bool:
        return bool(self.instance.version == 0)

    def clean_features(self) -> list[str]:
        features: list[str] = self.cleaned_data["features"]
        if len(features) > MAX_FEATURES:
            raise ValidationError(f"At most {MAX_FEATURES} features; these are {len(features)}.")
        for feature in features:
            if len(feature) > MAX_FEATURE:
                raise ValidationError(f"“{feature[:30]}…” is longer than {MAX_FEATURE} characters.")
        return features

    def send(self) -> Product:
        if self.is_new:
            fields = {field: self.cleaned_data[field] for field in ProductForm.Meta.fields}
            return catalog.create_product(**fields, price=self.terms(), request_id=self.request_key).product
        changes = self.own_changes()
        product = self._changed(cast("catalog.ProductChanges", changes))
        if kept := self.others_changes(product if changes else None):
            self.notices.append(f"Changed since you opened this page, and left so: {kept}.")
        return product

    def _changed(self, changes: catalog.ProductChanges) -> Product:
        if not self.cleaned_data["amount"]:
            return catalog.update_product(product=self.instance, **changes)
        request_id = self.request_key
        price = catalog.add_price(product=self.instance, terms=self.terms(), request_id=request_id, changes=changes)
        return cast("Product", price.product)


class PriceForm(StripeForm):
    """Replace a price by one with another amount: Stripe's prices can't be edited."""

    amount = forms.CharField(
        max_length=30,
        help_text="Saving creates a new price of this amount and archives this one. "
        "Running subscriptions stay on their old price.",
    )

    class Meta:
        model = Price
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.unit_amount is not None:
            self.initial["amount"] = money.plain(self.instance.unit_amount, self.instance.currency)

    def clean_amount(self) -> str:
        product = self.instance.product
        is_for_each = product is not None and product.has_quantity
        amount, currency = self.cleaned_data["amount"], self.instance.currency
        try:
            self.cleaned_data["unit_amount"] = parse_amount(amount, currency, is_for_each=is_for_each)
        except money.NotMoney as error:
            raise ValidationError(str(error)) from error
        return str(self.cleaned_data["amount"])

    def send(self) -> Price:
        unit_amount = self.cleaned_data["unit_amount"]
        price: Price = self.instance
        if unit_amount == price.unit_amount:
            return price
        replacement = replacements.change_price(price=price, unit_amount=unit_amount, request_id=self.request_key)
        if not replacement.active:
            raise NotOnSale.replaced_or_archived(replacement)
        return replacement
