"""The admin's form for a promotion code."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminIntegerFieldWidget, AdminSplitDateTime
from django.core.exceptions import ValidationError

from billing import clock, money
from billing.catalog import promotions
from billing.catalog.forms import StripeForm
from billing.errors import StripeFailure, StripeRefused
from billing.models import PromotionCode

# Stripe's refusal of a code that is taken has neither a code nor a parameter.
TAKEN = "already exists"

MAX_MONTHS = 36

# The largest integer of every database.
MAX_REDEMPTIONS = 2**31 - 1


PAST = "This is in the past."
TOO_LATE = "Stripe accepts at most five years from now."
MAX_AHEAD = timedelta(days=5 * 365)


class PromotionCodeForm(StripeForm):
    """A code, its discount, how long it lasts and who can use it."""

    code = forms.RegexField(
        r"^[A-Za-z0-9]+$",
        max_length=50,
        help_text="Letters and digits, for example SPRING20.",
        error_messages={"invalid": "Use letters and digits only."},
    )
    percent_off = forms.FloatField(min_value=0.01, max_value=100, required=False, help_text="For example 20.")
    amount_off = forms.CharField(max_length=30, required=False, help_text="Or an amount, for example 5.00.")
    currency = forms.CharField(max_length=3, required=False, initial="usd")
    duration = forms.ChoiceField(choices=PromotionCode.Duration.choices, label="Applies to")
    duration_in_months = forms.IntegerField(
        min_value=1, max_value=MAX_MONTHS, required=False, widget=AdminIntegerFieldWidget, label="How many months"
    )
    max_redemptions = forms.IntegerField(
        min_value=1,
        max_value=MAX_REDEMPTIONS,
        required=False,
        widget=AdminIntegerFieldWidget,
        help_text="How many times it can be used in total.",
    )
    expires_at = forms.SplitDateTimeField(required=False, widget=AdminSplitDateTime)

    class Meta:
        model = PromotionCode
        fields = ("code", "max_redemptions", "expires_at", "is_for_new_customers")

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= clock.now():
            raise ValidationError(PAST)
        if expires_at and expires_at > clock.now() + MAX_AHEAD:
            raise ValidationError(TOO_LATE)
        return expires_at

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        is_readable = not self.errors.keys() & {"percent_off", "amount_off"}
        if is_readable and bool(cleaned["percent_off"]) == bool(cleaned["amount_off"]):
            self.add_error("percent_off", "Enter either a percentage or an amount.")
        elif cleaned.get("amount_off"):
            self._clean_amount(cleaned)
        if cleaned.get("duration") == PromotionCode.Duration.REPEATING and not cleaned.get("duration_in_months"):
            self.add_error("duration_in_months", "Say for how many months.")
        elif cleaned.get("duration_in_months") and cleaned.get("duration") != PromotionCode.Duration.REPEATING:
            self.add_error("duration_in_months", "This goes with “several months” alone.")
        return cleaned

    def _clean_amount(self, cleaned: dict[str, Any]) -> None:
        currency = str(cleaned.get("currency") or "").lower()
        if not currency:
            self.add_error("currency", "Enter the currency of the amount, for example usd.")
            return
        if not money.is_currency(currency):
            self.add_error("currency", f"“{currency}” is not a currency.")
            return
        try:
            cleaned["amount_off"], cleaned["currency"] = money.parse(cleaned["amount_off"], currency), currency
        except money.NotMoney as error:
            self.add_error("amount_off", str(error))
        else:
            if not cleaned["amount_off"]:
                self.add_error("amount_off", "Enter an amount above zero.")

    def field_of_refusal(self, error: StripeFailure) -> tuple[str | None, str]:
        # Stripe's clock can be ahead of ours.
        expires_at = self.cleaned_data.get("expires_at")
        if isinstance(error, StripeRefused) and error.param == "expires_at" and expires_at:
            return "expires_at", PAST if expires_at < clock.now() + MAX_AHEAD / 2 else TOO_LATE
        if isinstance(error, StripeRefused) and TAKEN in error.message:
            return "code", f"An active code {self.cleaned_data['code']} exists already."
        return super().field_of_refusal(error)

    def send(self) -> PromotionCode:
        typed = self.cleaned_data
        discount = promotions.Discount(
            percent_off=typed["percent_off"] or None,
            amount_off=typed["amount_off"] or None,
            currency=typed["currency"] if typed["amount_off"] else "",
            duration=typed["duration"],
            duration_in_months=typed["duration_in_months"],
        )
        return promotions.create_promotion_code(
            code=typed["code"],
            discount=discount,
            request_id=self.request_key,
            max_redemptions=typed["max_redemptions"],
            expires_at=typed["expires_at"],
            is_for_new_customers=typed["is_for_new_customers"],
        )
