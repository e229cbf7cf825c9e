"""Company and purposes. A profile begins them; the DPO keeps the purposes."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.postgres.fields import ArrayField
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, Text
from common.personal_data import DataCategory
from policies import registers
from policies.admin.register_forms import ConsentForm, NewPurposeForm, PurposeForm
from policies.models import Company, Purpose, RetentionRule
from policies.promise_board import setting


class BilingualAdmin(ReadOnlyAdmin):
    """Rows with a name in two languages; the list shows it in the reader's."""

    sortable_by = ()

    @admin.display(description=_("name"))
    def local_name(self, row: Any) -> str:
        return str(row.name)


class RegisterAdmin(BilingualAdmin):
    """Entries that are added, changed and retired, each by one service."""

    actions_detail = ["edit", "retire"]
    readonly_fields = ["data_text"]
    new_form: type[forms.Form]
    add_title: Text
    retire_note: Text

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, "add")

    def has_edit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        row = self.get_object(request, object_id) if object_id else None
        return self._may(request, "change") and (row is None or row.retired_on is None)

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self.form_view(
            request,
            form_class=self.new_form,
            act=lambda **values: self.save(request, None, values),
            title=self.add_title,
            done=_("The entry is added."),
            back=reverse(f"admin:policies_{self.opts.model_name}_changelist"),
            after=self.page_of,
        )

    @action(description=_("Change"), icon="edit", permissions=["edit"])  # type: ignore[untyped-decorator]
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id, self._name("change"))
        form_class = self.edit_form(row)
        return self.form_view(
            request,
            form_class=form_class,
            act=lambda **values: self.save(request, row, values),
            initial=self.initial(row, form_class),
            title=_("Change"),
            done=_("The change is saved."),
            back=self.page_of(row),
            object=row,
        )

    @action(description=_("Retire"), icon="archive", permissions=["edit"])  # type: ignore[untyped-decorator]
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id, self._name("change"))
        user: Any = request.user
        return self.form_view(
            request,
            form_class=forms.Form,
            act=lambda: self.retire_row(row, user),
            title=_("Retire"),
            done=_("The entry is no longer used. It stays for what happened so far."),
            back=self.page_of(row),
            note=self.retire_note_of(row),
            object=row,
        )

    def edit_form(self, row: Any) -> type[forms.Form]:
        raise NotImplementedError

    def save(self, request: HttpRequest, row: Any, values: dict[str, Any]) -> Model:
        raise NotImplementedError

    def retire_row(self, row: Any, user: Any) -> None:
        raise NotImplementedError

    def retire_note_of(self, row: Any) -> Text:
        return self.retire_note

    def initial(self, row: Any, form_class: Any) -> dict[str, Any]:
        names = [name for name in form_class.base_fields if hasattr(row, name)]
        return {name: getattr(row, name) for name in names}

    @admin.display(description=_("data"))
    def data_text(self, row: Any) -> str:
        return ", ".join(str(DataCategory(name).label) for name in row.data_categories) or "–"

    def _may(self, request: HttpRequest, what: str) -> bool:
        return bool(request.user.has_perm(self._name(what)))

    def _name(self, what: str) -> str:
        return f"policies.{what}_{self.opts.model_name}"


@cache  # the admin finds a column again by its identity
def _in_words(name: str) -> Callable[[Company], str]:
    @admin.display(description=Company._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    def words(company: Company) -> str:
        _label, value = setting(name, getattr(company, name))
        return value

    return words


@admin.register(Company)
class CompanyAdmin(BilingualAdmin):
    list_display = ["short_name", "local_name", "profile", "day_kind", "notice_period_days"]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Say codes in words; leave out the fingerprints, which only the loading reads."""
        fields = [each for each in self.opts.local_fields if not each.name.endswith("sha256")]
        return [
            _in_words(each.name) if isinstance(each, ArrayField) else each.name
            for each in fields
            if not each.primary_key
        ]


@admin.register(Purpose)
class PurposeAdmin(RegisterAdmin):
    list_display = ["code", "local_name", "legal_basis", "channel", "retired_on"]
    list_filter = ["legal_basis"]
    fields = [
        "code",
        "name_vi",
        "name_en",
        "description_vi",
        "description_en",
        "legal_basis",
        "is_required",
        "channel",
        "wording_vi",
        "wording_en",
        "data_text",
        "retired_on",
    ]
    change_form_outer_after_template = "admin/policies/purpose/after.html"
    new_form = NewPurposeForm
    add_title = _("Add a purpose")
    retire_note = _(
        "From today on nobody is asked for it, and nothing is disclosed for it."
        " Consents given so far stay on record."
    )

    def edit_form(self, row: Purpose) -> type[forms.Form]:
        return ConsentForm if row.asks_consent else PurposeForm

    def save(self, request: HttpRequest, row: Purpose | None, values: dict[str, Any]) -> Purpose:
        by: Any = request.user
        asks_anew = values.pop("asks_anew", False)
        return registers.save_purpose(row, values=values, asks_anew=asks_anew, by=by)

    def retire_row(self, row: Purpose, user: Any) -> None:
        registers.retire_purpose(row, by=user)

    def retire_note_of(self, row: Purpose) -> Text:
        names = [str(recipient.name) for recipient in registers.left_without_purpose(row)]
        if not names:
            return self.retire_note
        left = _("From then on these recipients receive nothing any more: %s.") % ", ".join(names)
        return f"{self.retire_note} {left}"

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        context["uses"] = _uses(context["original"])
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )


def _uses(purpose: Purpose) -> list[dict[str, Any]]:
    """Return, for each category that a purpose uses, how long it is kept and who receives it."""
    rules = list(
        RetentionRule.objects.in_force(timezone.localdate()).filter(
            category__in=purpose.data_categories
        )
    )
    recipients = list(purpose.recipients.active())
    return [
        {
            "label": DataCategory(category).label,
            "rules": [rule for rule in rules if rule.category == category],
            "recipients": [each for each in recipients if category in each.data_categories],
        }
        for category in purpose.data_categories
    ]
