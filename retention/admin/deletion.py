from typing import Any

from django import forms
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from access.admin import PersonalDataAdmin
from access.purposes import DATA_RETENTION
from common.admin import ReadOnlyAdmin, badge, named
from common.periods import expiries
from common.personal_data import DataCategory
from policies.admin.rules import DatedRuleAdmin, NewRuleForm, RuleForm, count
from policies.models import RetentionAction, RetentionRule, RetentionTrigger, RuleFamily
from policies.periods import ERASING
from retention import services
from retention.access_records import removes_access_records
from retention.conflicts import set_off_by_closing
from retention.models import PurgeApproval, PurgeFailure, Tombstone
from retention.preview import preview_of

APPROVE = "retention.add_purgeapproval"


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

    @badge(description=_("deletion"), tones={"yes": "success", "no": "warning"})
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
    if set_off_by_closing(rule):
        return bool(rule.action == RetentionAction.DELETE)
    return removes_access_records(rule) or (
        rule.action in ERASING
        and rule.family == RuleFamily.PROMISE
        and (rule.category, rule.trigger) in {(each.category, each.trigger) for each in expiries()}
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
        return approval.rule.text


@admin.register(PurgeFailure)
class PurgeFailureAdmin(PersonalDataAdmin):
    """Whom the nightly run could not erase; the log of the server says more of the error."""

    purpose = DATA_RETENTION
    field_groups = (DataCategory.ACCOUNT,)

    list_display = ["short_id", "since", "last_at", "attempts", "error"]
    list_select_related = ["customer"]
    list_display_links = None
    sortable_by = ()

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is

    @admin.display(description=_("customer"))
    def short_id(self, failure: PurgeFailure) -> str:
        return str(failure.customer)


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
        "rule_text",
        "run_link",
        "line_text",
    ]
    readonly_fields = ["rule_text", "run_link", "line_text"]

    @admin.display(description=_("rule"))
    def rule_text(self, tombstone: Tombstone) -> str:
        return tombstone.rule.text if tombstone.rule else "–"

    @admin.display(description=_("run"))
    def run_link(self, tombstone: Tombstone) -> str:
        page = reverse("admin:retention_purgerun_change", args=[tombstone.run_id])
        begun = timezone.localtime(tombstone.run.started_at)
        text = date_format(begun, "SHORT_DATETIME_FORMAT")
        return format_html('<a class="desk-link" href="{}">{}</a>', page, text)

    @admin.display(description=_("line of the ledger"))
    def line_text(self, tombstone: Tombstone) -> Any:
        if tombstone.line is None:
            return _("written with the next run")
        return _("number %d") % tombstone.line

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        term = search_term.strip().lower()
        return (queryset.filter(public_id=term) if term else queryset), False
