"""What error pages and reports show of settings, requests and variables."""

from collections.abc import Iterator
from types import FrameType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.defaultfilters import pprint
from django.views.debug import SafeExceptionReporterFilter

from billing.masking import MASK, mask


class MaskAddresses(SafeExceptionReporterFilter):
    """Django's filter goes by names such as PASSWORD; this one also masks passwords inside of addresses, and those of
    the database wherever a variable of a traceback contains them: those of the driver do."""

    def cleanse_setting(self, key: Any, value: Any) -> Any:
        cleansed = super().cleanse_setting(key, value)
        return mask(cleansed) if isinstance(cleansed, str) else cleansed

    def get_traceback_frame_variables(self, request: HttpRequest | None, tb_frame: FrameType) -> Any:
        secrets = set(self._texts(settings.DATABASES, is_secret=False))
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return [(name, _without(secrets, value)) for name, value in variables]

    def _texts(self, value: Any, *, is_secret: bool) -> Iterator[str]:
        """Yield the texts in a setting whose names Django hides, as they are and as they are quoted."""
        if isinstance(value, dict):
            for key, part in value.items():
                yield from self._texts(part, is_secret=is_secret or bool(self.hidden_settings.search(str(key))))
        elif is_secret and isinstance(value, str) and value:
            yield from (value, repr(value)[1:-1])


def _without(secrets: set[str], value: Any) -> Any:
    """Return a variable, or what is shown of it with the secrets masked."""
    text = shown = str(pprint(value))
    for secret in secrets:
        shown = shown.replace(secret, MASK)
    return value if shown == text else shown
