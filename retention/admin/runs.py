from datetime import timedelta
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, badge
from common.documents import name_of
from common.forms import ProseField
from common.personal_data import DataCategory
from policies.counting import local_day
from retention import services
from retention.certificates import digest_of
from retention.clocks import deletion_clocks
from retention.models import PurgeRun
from retention.residue import KINDS
from retention.runs import BAD_CLOCKS, DOUBTS

PERMIT = "retention.add_purgepermit"
CLEAR = "retention.add_residueclearing"
LONGEST_RUN = timedelta(minutes=10)  # a task is ended then (settings.CELERY_TASK_TIME_LIMIT)
LOOKED_AT_EACH = 5  # seconds, while a run goes on
NUMBERS = ("due", "erased", "partly", "held", "failed")


class PermitForm(forms.Form):
    up_to = forms.IntegerField(
        label=_("At most this many"),
        min_value=1,
        help_text=_(
            "Look at the numbers above first. The permit is for this rule, up to the number that"
            " you write here, for three days. After days without a run it also says that the"
            " clock is right. What is deleted does not come back."
        ),
    )


class ClearingForm(forms.Form):
    reason = ProseField(
        label=_("What it was, and what was done"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Clean the places above first. Name nobody: this is kept for good."),
    )


@admin.register(PurgeRun)
class PurgeRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "rule_text",
        "what",
        "numbers",
        "found",
    ]
    list_before_template = "admin/retention/purgerun/clocks.html"
    list_select_related = ["rule", "permit__permitted_by"]
    sortable_by = ()
    fields = [
        "rule_text",
        "kind_text",
        "doubts_text",
        "permit_text",
        "started_at",
        "finished_at",
        "duration_text",
        "due",
        "going",
        "progress",
        "partly",
        "held",
        "deferred_reasons",
        "failed",
        "rows_by_category",
        "files_by_category",
        "rows_removed",
        "searched_at",
        "what_was_searched",
        "residue_places",
        "clearings_text",
        "digest",
    ]
    readonly_fields = [
        "rule_text",
        "kind_text",
        "doubts_text",
        "permit_text",
        "duration_text",
        "progress",
        "deferred_reasons",
        "rows_by_category",
        "files_by_category",
        "rows_removed",
        "what_was_searched",
        "residue_places",
        "clearings_text",
        "digest",
    ]
    actions_detail = ["permit", "clear"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PurgeRun]:
        newer = PurgeRun.objects.filter(
            rule=OuterRef("rule"), pk__gt=OuterRef("pk"), only_reported=False
        )
        runs: QuerySet[PurgeRun] = super().get_queryset(request)
        return runs.annotate(is_past=Exists(newer))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {"clocks": deletion_clocks(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Look again by itself while the run goes on; a header needs no script."""
        response = super().changeform_view(*args, **kwargs)
        run = getattr(response, "context_data", {}).get("original")
        if run is not None and _kind(run)[0] == "running":
            response["Refresh"] = str(LOOKED_AT_EACH)
        return response

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        if step == "clear":
            return bool(PurgeRun.objects.in_doubt().filter(pk=row.pk).exists())
        return _kind(row)[0] == "waits" and not BAD_CLOCKS & row.doubts.keys()

    def has_permit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(PERMIT))

    @action(  # type: ignore[untyped-decorator]
        description=_("Let this deletion go"), icon="delete_forever", permissions=["permit"]
    )
    def permit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the next run do what stopped this one, after a second look at the numbers."""
        return self.step_view(
            request,
            object_id,
            permission=PERMIT,
            step=services.permit_run,
            form_class=PermitForm,
            facts=["rule_text", "doubts_text", "due", "going", "held", "rows_removed"],
            title=_("Let this deletion go"),
            is_grave=True,
            done=_("It is permitted. The next run deletes what is due, for good."),
        )

    def has_clear_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CLEAR))

    @action(  # type: ignore[untyped-decorator]
        description=_("Say that it is cleaned"), icon="cleaning_services", permissions=["clear"]
    )
    def clear(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Close what a search has found, or could not; until then the promise is broken."""
        return self.step_view(
            request,
            object_id,
            permission=CLEAR,
            step=services.clear_residue,
            form_class=ClearingForm,
            facts=["rule_text", "started_at", "searched_at", "residue_places"],
            title=_("Say that it is cleaned"),
            is_grave=True,
            done=_("It is noted that nothing is left."),
        )

    @admin.display(description=_("rule"))
    def rule_text(self, run: PurgeRun) -> str:
        return run.rule.text if run.rule else "–"

    @badge(
        description=_("kind"),
        tones={
            "report": "info",
            "purge": "primary",
            "replay": "primary",
            "running": "warning",
            "waits": "danger",
            "broken": "danger",
        },
    )
    def what(self, run: PurgeRun) -> tuple[str, Any]:
        return _kind(run)

    @admin.display(description=_("kind"))
    def kind_text(self, run: PurgeRun) -> Any:
        return _kind(run)[1]

    @admin.display(description=_("in doubt"))
    def doubts_text(self, run: PurgeRun) -> str:
        return _lines({str(DOUBTS[doubt]): number for doubt, number in run.doubts.items()})

    @admin.display(description=_("permit"))
    def permit_text(self, run: PurgeRun) -> Any:
        if not hasattr(run, "permit"):
            return "–"
        return _("up to %(n)s, by %(who)s") % {
            "n": run.permit.up_to,
            "who": run.permit.permitted_by,
        }

    @admin.display(description=_("duration"))
    def duration_text(self, run: PurgeRun) -> str:
        return str(run.duration).partition(".")[0]

    @admin.display(description=_("numbers"))
    def numbers(self, run: PurgeRun) -> str:
        """Say how many, of whom there were any: most nights have nothing to do."""
        told = {str(label_for_field(each, PurgeRun)): getattr(run, each) for each in NUMBERS}
        told[gettext("deferred")] = sum(run.deferred.values())
        return ", ".join(f"{label}: {number_format(n)}" for label, n in told.items() if n) or "–"

    @admin.display(description=_("erased"))
    def progress(self, run: PurgeRun) -> Any:
        if not run.going:
            return run.erased
        values = {"n": run.erased, "all": run.going, "percent": 100 * run.erased // run.going}
        return _("%(n)s of %(all)s (%(percent)s%%)") % values

    @admin.display(description=_("rows removed, by category"))
    def rows_by_category(self, run: PurgeRun) -> str:
        return _lines({_category_name(code): number for code, number in run.rows.items()})

    @admin.display(description=_("files removed"))
    def files_by_category(self, run: PurgeRun) -> str:
        return _lines({_category_name(code): number for code, number in run.files.items()})

    @admin.display(description=_("deferred"))
    def deferred_reasons(self, run: PurgeRun) -> str:
        return _lines({gettext(reason): number for reason, number in run.deferred.items()})

    @admin.display(description=_("rows removed"))
    def rows_removed(self, run: PurgeRun) -> str:
        return _lines({_table_name(label): number for label, number in run.counts.items()})

    @badge(
        description=_("residue"), tones={"none": "success", "found": "danger", "unknown": "warning"}
    )
    def found(self, run: PurgeRun) -> tuple[str, Any]:
        if run.residue:
            return "found", len(run.residue)
        if run.searched_at is None:
            return ("unknown", _("not searched")) if run.erased else ("", "–")
        return "none", _("none")

    @admin.display(description=_("searched"))
    def what_was_searched(self, run: PurgeRun) -> str:
        return _lines({str(KINDS[kind]): number for kind, number in run.searched.items()})

    @admin.display(description=_("hash of the run (SHA-256)"))
    def digest(self, run: PurgeRun) -> str:
        return digest_of(run)

    @admin.display(description=_("residue"))
    def residue_places(self, run: PurgeRun) -> str:
        return format_html_join("", "<div>{}</div>", ((place,) for place in run.residue)) or "–"

    @admin.display(description=_("cleaned"))
    def clearings_text(self, run: PurgeRun) -> str:
        said = run.clearings.select_related("cleared_by").order_by("pk")
        lines = (
            (
                each.reason,
                each.cleared_by,
                date_format(local_day(each.cleared_at), "SHORT_DATE_FORMAT"),
            )
            for each in said
        )
        return format_html_join("", "<div>{} ({}, {})</div>", lines) or "–"


def _kind(run: PurgeRun) -> tuple[str, Any]:
    """Return what a run was: a run that never finished was killed, and the next one continued."""
    if run.finished_at is None:
        is_broken = run.started_at < timezone.now() - LONGEST_RUN
        return ("broken", _("broken off")) if is_broken else ("running", _("under way"))
    if run.is_stopped:
        waits = not hasattr(run, "permit") and not getattr(run, "is_past", False)
        return ("waits", _("waits for the DPO")) if waits else ("", _("stopped"))
    if run.rule is None:
        return "replay", _("repeated after a restore")
    return ("report", _("report only")) if run.only_reported else ("purge", _("deletion"))


def _category_name(code: str) -> str:
    return name_of(DataCategory, code)


def _table_name(label: str) -> str:
    """Return what people call a table, or its label when it is gone from the code."""
    try:
        model = apps.get_model(label)
    except LookupError:
        return label
    subject = getattr(model, "instance_type", None)
    if subject is None:
        return str(model._meta.verbose_name_plural)
    return str(gettext("history of %s") % subject._meta.verbose_name_plural)


def _lines(counts: dict[str, int]) -> str:
    return format_html_join("", "<div>{}: {}</div>", sorted(counts.items())) or "–"
