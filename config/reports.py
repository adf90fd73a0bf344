"""What error pages and reports show of settings and requests."""

from typing import Any

from django.views.debug import SafeExceptionReporterFilter

from billing.masking import mask


class MaskAddresses(SafeExceptionReporterFilter):
    """Django's filter goes by names such as PASSWORD; this one also masks passwords inside of addresses."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return mask(cleansed) if isinstance(cleansed, str) else cleansed
