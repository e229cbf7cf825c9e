from collections.abc import Sequence
from typing import Any

from django import forms
from django.template.defaultfilters import date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from policies.models import PolicyVersion


class DayForm(forms.Form):
    """One day, asked in the address of a page."""

    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("Choose a day."),
            "invalid": gettext_lazy("There is no such day. Enter one as 31/12/2026."),
        },
    )


class CompareForm(forms.Form):
    """Which two of ``versions`` (newest first); unless asked, the newest and the one before.

    Asked the wrong way round they change places: otherwise what was added would read as removed.
    """

    old = forms.ChoiceField(label=gettext_lazy("Earlier version"))
    new = forms.ChoiceField(label=gettext_lazy("Later version"))
    only_changes = forms.BooleanField(label=gettext_lazy("Only the changes"), required=False)

    def __init__(self, asked: dict[str, Any], versions: Sequence[PolicyVersion]) -> None:
        newest, before = versions[0], versions[min(1, len(versions) - 1)]
        values = {"old": before.number, "new": newest.number, **asked}
        chosen = {values["old"], values["new"]}
        in_order = [each.number for each in reversed(versions) if each.number in chosen]
        if len(in_order) == 2:
            values["old"], values["new"] = in_order
        super().__init__(values)
        self.versions = {version.number: version for version in versions}
        for name in ("old", "new"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 -- for mypy
            field.choices = [(number, _label(each)) for number, each in self.versions.items()]
            field.error_messages = {
                **field.error_messages,
                "invalid_choice": _("No version with this number is published."),
            }

    def clean(self) -> dict[str, Any]:
        """Return the versions in place of their numbers."""
        cleaned = self.cleaned_data
        for name in ("old", "new"):
            if name in cleaned:
                cleaned[name] = self.versions[cleaned[name]]
        if "old" in cleaned and cleaned["old"] == cleaned.get("new"):
            self.add_error(None, _("This is the same version twice. Choose two different ones."))
        return cleaned


def _label(version: PolicyVersion) -> str:
    return _("Version %(number)s, from %(day)s") % {
        "number": version.number,
        "day": date(version.effective_on, "SHORT_DATE_FORMAT"),
    }
