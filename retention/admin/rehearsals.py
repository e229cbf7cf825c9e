from typing import Any

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, badge, named
from retention.models import RestoreRehearsal


@admin.register(RestoreRehearsal)
class RestoreRehearsalAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "state", "as_of", "named", "brought_back", "by"]
    list_select_related = ["by"]
    sortable_by = ()
    fields = [
        "outcome",
        named("by", _("by")),
        "started_at",
        "finished_at",
        "is_given",
        "as_of",
        "named",
        "brought_back",
        "left",
        "residue_places",
    ]
    readonly_fields = ["residue_places"]

    @badge(
        description=_("outcome"),
        tones={"passed": "success", "left": "danger", "failed": "danger"},
    )
    def state(self, rehearsal: RestoreRehearsal) -> tuple[str, Any]:
        return rehearsal.outcome, rehearsal.get_outcome_display()

    @admin.display(description=_("residue"))
    def residue_places(self, rehearsal: RestoreRehearsal) -> str:
        return format_html_join("", "<div>{}</div>", ((each,) for each in rehearsal.residue)) or "–"
