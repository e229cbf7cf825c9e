from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from common.admin import PortalAdmin
from common.history import save_as
from complaints.exceptions import ComplaintError
from complaints.models import ReplyTemplate
from complaints.replies import PLACEHOLDERS, require_known


class ReplyTemplateForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = ReplyTemplate
        fields = ("name_vi", "name_en", "text_vi", "text_en", "is_retired")
        help_texts = {
            "text_vi": _("Placeholders: %s.") % ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in ("text_vi", "text_en"):
            try:
                require_known(cleaned.get(name, ""))
            except ComplaintError as error:
                self.add_error(name, str(error))
        return cleaned


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(PortalAdmin):
    form = ReplyTemplateForm
    list_display = ["__str__", "is_retired"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        user: Any = request.user
        save_as(obj, by=user, reason="changed" if change else "added")
