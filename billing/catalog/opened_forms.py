"""What a person has changed in a form, and what others have changed since it was opened.

A form that is saved hours later sends only what its own person changed, so it puts nothing back as it was.
"""

import json
from copy import copy
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.functional import cached_property

if TYPE_CHECKING:
    from django.db.models import Model

    Base = forms.ModelForm[Any]
else:
    Base = forms.Form


def replace_input(form: forms.BaseForm, name: str, value: str) -> None:
    """Show the form again with another value in a hidden field."""
    data: Any = copy(form.data)  # The request's own data is immutable.
    data[form.add_prefix(name)] = value
    form.data = data


class OpenedWithField(forms.JSONField):
    """The values that a form was opened with, in a hidden field."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, encoder=DjangoJSONEncoder)

    def has_changed(self, *_: Any) -> bool:
        return False


class SinceOpened(Base):
    """A model form that knows the values it was opened with. A form without them is compared with the row."""

    opened_with = OpenedWithField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The row's values: validation writes the input into the row itself.
        self.present = {name: self.initial[name] for name in self._meta.fields or () if name in self.initial}
        self.initial["opened_with"] = self.present

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.version:
            self._check_conflicts()
        return cleaned

    @cached_property
    def changed_data(self) -> list[str]:
        """The fields that this person changed, for the history."""
        changed: list[str] = super().changed_data
        own = self.own_changes() if self.is_bound else changed
        return [name for name in changed if name not in self.present or name in own]

    def own_changes(self) -> dict[str, Any]:
        """Return the valid input that differs from what the form was opened with."""
        typed = {name: self.cleaned_data[name] for name in self.present if name in self.cleaned_data}
        return {name: value for name, value in typed.items() if not _is_same(value, self._opened_with[name])}

    def others_changes(self, row: "Model | None") -> str:
        """Say which other fields differ now from what the form was opened with; the row is as read by default."""
        own = self.own_changes()
        now = self.present if row is None else {name: getattr(row, name) for name in self.present}
        return "; ".join(
            f"{self._label(name)} (your page: {_shown(self._opened_with[name])}; now: {_shown(now[name])})"
            for name in self.present
            if name not in own and not _is_same(now[name], self._opened_with[name])
        )

    @property
    def _opened_with(self) -> dict[str, Any]:
        sent = self.cleaned_data.get("opened_with")
        return {**self.present, **(sent if isinstance(sent, dict) else {})}

    def _check_conflicts(self) -> None:
        """Refuse to replace what somebody else has changed meanwhile, unless the form is saved once more."""
        opened_with, own = self._opened_with, self.own_changes()
        conflicts = [
            name
            for name, value in own.items()
            if not _is_same(self.present[name], opened_with[name]) and not _is_same(self.present[name], value)
        ]
        if not conflicts:
            return
        for name in conflicts:
            self.add_error(
                name,
                f"This was changed since you opened this page. Yours: {_shown(own[name])}. "
                f"Now: {_shown(self.present[name])}. Save again to replace it.",
            )
        renewed = {**opened_with, **{name: self.present[name] for name in conflicts}}
        replace_input(self, "opened_with", json.dumps(renewed, cls=DjangoJSONEncoder))

    def _label(self, name: str) -> str:
        return str(self.fields[name].label or name.replace("_", " ")).lower()


def _is_same(one: Any, other: Any) -> bool:
    """Browsers send every line break as CRLF, and forms strip spaces."""
    if isinstance(one, str) and isinstance(other, str):
        return one.strip().splitlines() == other.strip().splitlines()
    return bool(one == other)


def _shown(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(str, value)) or "empty"
        case None | "":
            return "empty"
    return f"“{value}”" if isinstance(value, str) else str(value)
