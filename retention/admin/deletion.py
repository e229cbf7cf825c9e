from datetime import timedelta
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.purposes import DATA_RETENTION
from common.admin import ReadOnlyAdmin, named
from common.forms import LineField, ProseField
from common.personal_data import DataCategory
from policies.admin.rules import DatedRuleAdmin, NewRuleForm, RuleForm, count
from policies.models import RetentionAction, RetentionRule, RetentionTrigger, RuleFamily
from policies.retention import SET_OFF_BY_CLOSING
from retention import services
from retention.access_records import removes_access_records
from retention.certificates import digest_of
from retention.models import LegalHold, PurgeApproval, PurgeRun, Tombstone
from retention.preview import preview_of
from retention.residue import KINDS

ADD_HOLD = "retention.add_legalhold"
CHANGE_HOLD = "retention.change_legalhold"
APPROVE = "retention.add_purgeapproval"
LONGEST_RUN = timedelta(minutes=10)  # a task is ended then (settings.CELERY_TASK_TIME_LIMIT)


class HoldForm(forms.Form):
    public_id = forms.CharField(
        label=_("Public id of the customer"),
        min_length=32,
        max_length=32,
        help_text=_("All 32 characters, as the customer's page shows them."),
    )
    authority = LineField(
        label=_("Authority"), max_length=200, help_text=_("Who demands that the data is kept.")
    )
    document = LineField(
        label=_("Document"),
        max_length=100,
        help_text=_("Number and date of the written demand."),
    )
    reason = ProseField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )

    def clean_public_id(self) -> str:
        return str(self.cleaned_data["public_id"]).strip().lower()


class InForceFilter(admin.SimpleListFilter):
    title = _("hold")
    parameter_name = "hold"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("in_force", _("in force")), ("released", _("released"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in ("in_force", "released"):
            return queryset.filter(released_at__isnull=self.value() == "in_force")
        return queryset


@admin.register(LegalHold)
class LegalHoldAdmin(PersonalDataAdmin):
    add_permission = ADD_HOLD
    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["document", "authority", "short_id", "state", "placed_at", "placed_by"]
    list_filter = [InForceFilter]
    list_select_related = ["customer", "placed_by", "released_by"]
    sortable_by = ["placed_at"]
    fields = [
        "public_id",
        "authority",
        "document",
        "reason",
        named("placed_by", _("placed by")),
        "placed_at",
        named("released_by", _("released by")),
        "released_at",
    ]
    readonly_fields = ["public_id"]
    actions_detail = ["release"]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        return self.form_view(
            request,
            form_class=HoldForm,
            act=lambda **data: self._place(request, data),
            title=_("Place a legal hold"),
            done=_(
                "The hold is placed. Nothing about this customer is deleted until it is released."
            ),
            back=reverse("admin:retention_legalhold_changelist"),
        )

    @transaction.atomic
    def _place(self, request: HttpRequest, data: dict[str, str]) -> None:
        hold = services.place_hold(**data, by=request.user)  # type: ignore[arg-type]
        self.record(request, hold, AccessAction.OPEN)

    def has_release_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE_HOLD))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        return row.released_at is None and row.placed_by_id != user.pk

    @action(  # type: ignore[untyped-decorator]
        description=_("Release the hold"), icon="lock_open", permissions=["release"]
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE_HOLD,
            step=services.release_hold,
            is_grave=True,
            title=_("Release the hold"),
            done=_("The hold is released. What is due is deleted with the next run."),
        )

    @admin.display(description=_("customer"))
    def short_id(self, hold: LegalHold) -> str:
        return str(hold.customer)

    @admin.display(description=_("public id"))
    def public_id(self, hold: LegalHold) -> str:
        return hold.customer.public_id

    @display(  # type: ignore[untyped-decorator]
        description=_("state"), label={"in_force": "warning", "released": "success"}
    )
    def state(self, hold: LegalHold) -> tuple[str, Any]:
        return (
            ("in_force", _("in force")) if hold.released_at is None else ("released", _("released"))
        )


class RetentionRuleForm(RuleForm):
    field_order = ["valid_from", "trigger", "months", "action"]

    trigger = forms.ChoiceField(label=_("Counted from when"), choices=RetentionTrigger)
    months = count(_("Months"), least=0)
    action = forms.ChoiceField(label=_("Then"), choices=RetentionAction)


class StatutoryRetentionRuleForm(RetentionRuleForm):
    basis = None  # type: ignore[assignment]  # the law alone


class NewRetentionRuleForm(NewRuleForm, RetentionRuleForm):
    field_order = ["category", *RetentionRuleForm.field_order]

    category = forms.ChoiceField(label=_("Data"), choices=DataCategory)


@admin.register(RetentionRule)
class RetentionRuleAdmin(DatedRuleAdmin):
    list_display = ["category", "trigger", "months", "action", "valid_from", "state", "approved"]
    list_select_related = ["approval__approved_by"]
    fields = [
        "category",
        "trigger",
        "months",
        "action",
        "family",
        "basis",
        "source",
        "source_checked",
        "valid_from",
        "valid_to",
        "approval_text",
    ]
    readonly_fields = ["approval_text", "source"]
    actions_detail = ["approve", *DatedRuleAdmin.actions_detail]
    of_a_kind = ("family", "category")
    new_form = NewRetentionRuleForm
    number_template = "admin/policies/retentionrule/term.html"
    change_note = _(
        "This row ends the day before, and a new one begins. Who closed an account keeps the day"
        " that was told. The new rule deletes nothing until it is approved, whatever was approved"
        " before."
    )

    def form_to_change(self, rule: RetentionRule) -> type[forms.Form]:
        return (
            StatutoryRetentionRuleForm if rule.family == RuleFamily.STATUTE else RetentionRuleForm
        )

    @display(  # type: ignore[untyped-decorator]
        description=_("deletion"), label={"yes": "success", "no": "warning"}
    )
    def approved(self, rule: RetentionRule) -> tuple[str, Any]:
        tone = "yes" if hasattr(rule, "approval") else "no"
        return tone if _purges(rule) else "", self.approval_text(rule)

    @admin.display(description=_("deletion"))
    def approval_text(self, rule: RetentionRule) -> Any:
        if hasattr(rule, "approval"):
            return _("approved by %s") % rule.approval.approved_by
        return _("not approved: reports only") if _purges(rule) else "–"

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        is_settled = hasattr(row, "approval") or services.is_superseded(row)
        return step != "approve" or not is_settled

    def has_approve_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(APPROVE))

    @action(  # type: ignore[untyped-decorator]
        description=_("Approve for deletion"), icon="approval", permissions=["approve"]
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Let the purge delete under this rule, after a look at what would go now."""
        rule = self.get_row(request, object_id, APPROVE)
        user: Any = request.user
        preview = preview_of(rule) if _purges(rule) else None
        return self.form_view(
            request,
            form_class=forms.Form,
            act=lambda: services.approve_rule(rule, by=user),
            is_grave=True,
            title=_("Approve for deletion"),
            done=_("The rule is approved. The next run deletes what is due."),
            back=self.page_of(rule),
            template="admin/policies/retentionrule/approve.html",
            object=rule,
            preview=preview,
            rows=sorted(preview.rows.items()) if preview else [],
        )


def _purges(rule: RetentionRule) -> bool:
    """Tell whether a nightly run can delete under this rule."""
    return removes_access_records(rule) or (
        rule.category == DataCategory.ACCOUNT
        and rule.trigger in SET_OFF_BY_CLOSING
        and rule.action == RetentionAction.DELETE
    )


@admin.register(PurgeApproval)
class PurgeApprovalAdmin(ReadOnlyAdmin):
    list_display = ["rule_text", "approved_by", "approved_at"]
    list_select_related = ["rule", "approved_by"]
    fields = ["rule_text", named("approved_by", _("approved by")), "approved_at"]
    readonly_fields = ["rule_text"]
    sortable_by = ["approved_at"]

    @admin.display(description=_("rule"))
    def rule_text(self, approval: PurgeApproval) -> str:
        return str(approval.rule)


@admin.register(PurgeRun)
class PurgeRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "what",
        "due",
        "erased",
        "held",
        "deferred_number",
        "failed",
        "found",
    ]
    list_select_related = ["rule"]
    sortable_by = ()
    fields = [
        "rule_text",
        "kind_text",
        "started_at",
        "finished_at",
        "due",
        "erased",
        "held",
        "deferred_reasons",
        "failed",
        "rows_removed",
        "searched_at",
        "what_was_searched",
        "residue_places",
        "digest",
    ]
    readonly_fields = [
        "rule_text",
        "kind_text",
        "deferred_reasons",
        "rows_removed",
        "what_was_searched",
        "residue_places",
        "digest",
    ]

    @admin.display(description=_("rule"))
    def rule_text(self, run: PurgeRun) -> str:
        return str(run.rule or "–")

    @display(  # type: ignore[untyped-decorator]
        description=_("kind"),
        label={"report": "info", "purge": "primary", "replay": "primary", "broken": "danger"},
    )
    def what(self, run: PurgeRun) -> tuple[str, Any]:
        return _kind(run)

    @admin.display(description=_("kind"))
    def kind_text(self, run: PurgeRun) -> Any:
        return _kind(run)[1]

    @admin.display(description=_("deferred"))
    def deferred_number(self, run: PurgeRun) -> int:
        return sum(run.deferred.values())

    @admin.display(description=_("deferred"))
    def deferred_reasons(self, run: PurgeRun) -> str:
        return _lines({gettext(reason): number for reason, number in run.deferred.items()})

    @admin.display(description=_("rows removed"))
    def rows_removed(self, run: PurgeRun) -> str:
        return _lines({_table_name(label): number for label, number in run.counts.items()})

    @display(  # type: ignore[untyped-decorator]
        description=_("residue"), label={"none": "success", "found": "danger", "unknown": "warning"}
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


def _kind(run: PurgeRun) -> tuple[str, Any]:
    """Return what a run was: a run that never finished was killed, and the next one continued."""
    if run.finished_at is None and run.started_at < timezone.now() - LONGEST_RUN:
        return "broken", _("broken off")
    if run.rule is None:
        return "replay", _("repeated after a restore")
    return ("report", _("report only")) if run.only_reported else ("purge", _("deletion"))


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


@admin.register(Tombstone)
class TombstoneAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "closed_on", "retained_until", "erased_at"]
    list_select_related = ["rule", "run"]
    sortable_by = ()
    search_fields = ["public_id"]
    search_help_text = _("Public id of a customer")
    fields = [
        "public_id",
        "opened_on",
        "closed_on",
        "retained_until",
        "erased_at",
        "rule",
        "run",
        "line",
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip().lower()
        return (queryset.filter(public_id=term) if term else queryset), False
