from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, badge
from common.forms import UNCHOSEN
from retention.models import OrphanReport
from retention.orphans import KINDS, clear_orphans, clearable, words

CLEAR = "retention.add_orphanclearing"
SHOWN = 20  # ids of a kind


class ClearForm(forms.Form):
    kind = forms.ChoiceField(label=_("What is to be cleared"))

    def __init__(self, *args: Any, kinds: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["kind"].choices = [*UNCHOSEN, *((kind, KINDS[kind]) for kind in kinds)]  # type: ignore[attr-defined]


@admin.register(OrphanReport)
class OrphanReportAdmin(ReadOnlyAdmin):
    list_display = ["at", "number_found", "what"]
    sortable_by = ()
    fields = ["at", "listed", "cleared"]
    readonly_fields = ["listed", "cleared"]
    actions_detail = ["clear"]

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        return row == OrphanReport.objects.first() and bool(clearable(row))

    def has_clear_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CLEAR))

    @action(  # type: ignore[untyped-decorator]
        description=_("Clear"), icon="cleaning_services", permissions=["clear"]
    )
    def clear(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let what the report found of one kind go."""
        report = self.get_row(request, object_id, CLEAR)
        return self.step_view(
            request,
            object_id,
            permission=CLEAR,
            step=clear_orphans,
            form_class=partial(ClearForm, kinds=clearable(report)),
            facts=["at", "listed"],
            title=_("Clear what belongs to nobody"),
            note=_(
                "Each is looked at again first. Files and keys do not come back. Rows whose file is"
                " gone, customers and files that the portal never wrote are for a person to judge."
            ),
            done=_("It is ordered."),
            is_grave=True,
        )

    @badge(description=_("found"), tones={"none": "success", "some": "warning"})
    def number_found(self, report: OrphanReport) -> tuple[str, int]:
        return "some" if report.number else "none", report.number

    @admin.display(description=_("what"))
    def what(self, report: OrphanReport) -> str:
        told = ((label, number) for label, number, _ids in words(report.found))
        return format_html_join(", ", "{}: {}", told) or "–"

    @admin.display(description=_("what, and some by their ids"))
    def listed(self, report: OrphanReport) -> str:
        told = (
            (label, number, format_html_join("", "<div><code>{}</code></div>", zip(ids[:SHOWN])))
            for label, number, ids in words(report.found)
        )
        return format_html_join("", "<div>{}: {}{}</div>", told) or "–"

    @admin.display(description=_("cleared"))
    def cleared(self, report: OrphanReport) -> str:
        clearings = report.clearings.select_related("ordered_by").order_by("pk")
        told = (
            (KINDS.get(each.kind, each.kind), each.number, each.ordered_by) for each in clearings
        )
        return format_html_join("", "<div>{}: {} ({})</div>", told) or "–"
