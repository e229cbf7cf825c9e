"""What staff may do to a complaint, each with its form: one call of a service."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.identity_checks import LONGEST_NUMBER
from accounts.models import IdentityCheckKind, IdentityCheckResult, RequestChannel, User
from casework import services as casework
from casework.exceptions import SomebodyWasFaster
from casework.judging import classify_case, foretell
from casework.models import Case, ConflictCause, Severity
from common.attachments import CheckedFile
from common.forms import UNCHOSEN, ProseField
from complaints import services
from complaints.events import actor_of, label_of
from complaints.exceptions import ComplaintError
from complaints.forms import (
    AnswerForm,
    CaseForm,
    DecideForm,
    HeardForm,
    HeardMessageForm,
    HeardReasonForm,
    ReasonForm,
    WithdrawForm,
    prose,
)
from complaints.intake import possible_handlers
from complaints.links import signs_in
from complaints.models import Complaint, ComplaintState, LinkKind, Outcome, Side
from policies.models import TimeLimitKind

COMPLETION = TimeLimitKind.COMPLAINT_COMPLETION
EXCLUDED_BECAUSE = (ConflictCause.NAMED, ConflictCause.DECLARED)
assign = partial(casework.assign_case, permission=services.WORK)


class StaffChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, empty_label=UNCHOSEN[0][1], **kwargs)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


class AssignForm(CaseForm):
    handler = StaffChoice(User.objects.none(), label=_("Handler"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        handler: Any = self.fields["handler"]
        handler.queryset = possible_handlers().order_by("staff_name", "pk")


class ClassifyForm(CaseForm):
    """Each complexity is named with the last day that choosing it for ``case`` would give."""

    severity = forms.ChoiceField(
        label=_("Severity"),
        choices=[*UNCHOSEN, *Severity.choices],
    )
    complexity = forms.ChoiceField(
        label=_("Complexity"),
        required=False,
        help_text=_("It sets the term, from receipt. Left empty, it stays as it is."),
    )
    reason = ProseField(
        label=_("Reason"),
        required=False,
        max_length=1_000,
        help_text=_("Needed when the case was judged before."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, case: Case, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        complexity: Any = self.fields["complexity"]
        complexity.choices = [*UNCHOSEN, *foretell(case)]


class WriteForm(CaseForm):
    text = prose(_("Message"), _("The customer reads this."))
    is_question = forms.BooleanField(
        label=_("This is a question"),
        required=False,
        help_text=_("We then wait for the answer; where the policy allows it, the clock does too."),
    )


class NoteForm(forms.Form):
    text = prose(_("Note"), _("For colleagues. The customer does not read this."))


class RemindForm(forms.Form):
    on = forms.DateField(label=_("Remind me on"), widget=forms.DateInput(attrs={"type": "date"}))


class ExtendForm(CaseForm):
    units = forms.IntegerField(label=_("Extend by"), min_value=1, max_value=365)
    reason = prose(_("Reason"), _("The customer reads this."))


class EscalateForm(CaseForm):
    side = forms.ChoiceField(
        label=_("Who goes to the authority"), choices=[*UNCHOSEN, *Side.choices]
    )
    authority = forms.CharField(label=_("Which authority or court?"), max_length=200)
    reference = forms.CharField(label=_("Its reference"), max_length=100, required=False)


class DecisionForm(CaseForm):
    decision = prose(_("Decision"), _("What the authority decided. The customer reads this."))


class LinkForm(CaseForm):
    reference = forms.CharField(label=_("Reference of the other complaint"), max_length=20)
    kind = forms.ChoiceField(
        label=_("It"),
        choices=[*UNCHOSEN, *LinkKind.choices],
    )


class ExcludeForm(CaseForm):
    staff = StaffChoice(User.objects.filter(is_staff=True, is_active=True), label=_("Who"))
    cause = forms.ChoiceField(
        label=_("Why"),
        choices=[*UNCHOSEN, *((cause, cause.label) for cause in EXCLUDED_BECAUSE)],
    )


class IdentityForm(CaseForm):
    kind = forms.ChoiceField(
        label=_("How you made sure"), choices=[*UNCHOSEN, *IdentityCheckKind.choices]
    )
    channel = forms.ChoiceField(
        label=_("How they came"), choices=[*UNCHOSEN, *RequestChannel.choices]
    )
    reference = forms.CharField(
        label=_("Number of the document"),
        required=False,
        max_length=LONGEST_NUMBER,
        help_text=_("Only its end is kept."),
    )
    result = forms.ChoiceField(
        label=_("Identity"), choices=[*UNCHOSEN, *IdentityCheckResult.choices]
    )


def _answer(complaint: Complaint, *, by: User, reveals_nothing: bool = False, **parts: str) -> None:
    services.resolve_complaint(complaint, answer=parts, reveals_nothing=reveals_nothing, by=by)


def _classify(complaint: Complaint, *, complexity: str, by: User, **judged: str) -> None:
    classify_case(complaint, complexity=complexity or complaint.complexity, by=by, **judged)


def _extend(complaint: Complaint, *, units: int, reason: str, by: User) -> None:
    casework.extend_case(complaint, kind=COMPLETION, units=units, reason=reason, by=by)


def _exclude(complaint: Complaint, *, staff: User, cause: str, by: User) -> None:
    casework.hold_open(complaint, by=by)
    casework.exclude_staff(complaint, staff, cause=ConflictCause(cause))


def _other(*, reference: str, by: User, **rest: Any) -> Complaint:
    other: Complaint | None = (
        Complaint.objects.readable_by(by).filter(reference=reference.strip().upper()).first()
    )
    if other is None:
        raise ComplaintError(gettext("There is no complaint with this reference."))
    return other


def _link(complaint: Complaint, *, reference: str, kind: str, by: User) -> None:
    other = _other(reference=reference, by=by)
    services.link_complaints(complaint, other=other, kind=kind, by=by)


def _remind(complaint: Complaint, *, on: date, by: User) -> None:
    casework.remind(complaint, on=on, by=by)


@dataclass(frozen=True)
class Step:
    """in_states: where it is the next step; elsewhere is for steps that are possible beside it.

    names: returns the other cases that are named in its form. is_for: leaves out whom the service
    would refuse. button: what it says where that is not the label. done_refusing: what is said
    instead of ``done`` where the customer is not found right. is_looked_at: it is shown as
    the customer would read it before it is sent. is_for_case: the form is made for the case that
    it is about.
    """

    label: str | Promise
    act: Callable[..., None]
    done: str | Promise
    form: Callable[..., forms.Form] = CaseForm
    in_states: tuple[ComplaintState, ...] = ()
    beside: Callable[[Complaint], bool] = lambda complaint: False
    names: Callable[..., Collection[Case]] = lambda **data: ()
    is_for: Callable[[Complaint, User], bool] = lambda complaint, user: True
    button: str | Promise = ""
    done_refusing: str | Promise = ""
    variant: str = "primary"
    is_looked_at: bool = False
    is_for_case: bool = False

    def form_for(self, complaint: Complaint) -> Callable[..., forms.Form]:
        return partial(self.form, case=complaint) if self.is_for_case else self.form

    def done_on(self, complaint: Complaint) -> str | Promise:
        is_refused = complaint.outcome == Outcome.NOT_UPHELD
        return self.done_refusing if is_refused and self.done_refusing else self.done

    def is_next(self, complaint: Complaint, user: User) -> bool:
        return complaint.state in self.in_states and self.is_for(complaint, user)

    def is_possible(self, complaint: Complaint, user: User) -> bool:
        return self.is_next(complaint, user) or self.beside(complaint)


def _is_second(complaint: Complaint, user: User) -> bool:
    return bool(complaint.refused_by_id != user.pk)


def _is_open(complaint: Complaint) -> bool:
    return complaint.is_open


def _is_open_and_heard(complaint: Complaint) -> bool:
    return complaint.is_open and not signs_in(complaint.customer)


def _is_heard(complaint: Complaint) -> bool:
    """Say whether what the customer thinks of the answer comes on other ways than the portal."""
    return complaint.state == S.RESOLVED and not signs_in(complaint.customer)


S = ComplaintState
STEPS: dict[str, Step] = {
    "acknowledge": Step(
        _("Acknowledge"),
        services.acknowledge_complaint,
        _("The complaint is acknowledged. The customer is told."),
        in_states=(S.RECEIVED,),
    ),
    "verify": Step(
        _("Start verifying"),
        services.verify_complaint,
        _("The complaint is being verified. The customer is told."),
        in_states=(S.RECEIVED, S.ACKNOWLEDGED),
    ),
    "decide": Step(
        _("Decide"),
        services.decide_complaint,
        _("The outcome is recorded."),
        DecideForm,
        in_states=(S.VERIFYING,),
    ),
    "resolve": Step(
        _("Answer"),
        _answer,
        _("The answer is sent."),
        AnswerForm,
        in_states=(S.MEASURES,),
        button=_("Look at it as a letter"),
        done_refusing=_(
            "The refusal waits for a second person; nothing is sent before they agree."
        ),
        is_looked_at=True,
        is_for_case=True,
    ),
    "confirm_refusal": Step(
        _("Confirm the refusal"),
        services.confirm_refusal,
        _("The complaint is answered. The customer is told."),
        in_states=(S.REFUSAL,),
        is_for=_is_second,
    ),
    "return_refusal": Step(
        _("Send back"),
        services.return_refusal,
        _("The complaint is with its handler again."),
        ReasonForm,
        in_states=(S.REFUSAL,),
        is_for=_is_second,
        variant="default",
    ),
    "settle_escalation": Step(
        _("Record the authority's decision"),
        services.settle_escalation,
        _("The decision is recorded."),
        DecisionForm,
        in_states=(S.ESCALATED,),
    ),
    "write": Step(
        _("Write to the customer"),
        casework.write_to_customer,
        _("The message is sent."),
        WriteForm,
        beside=_is_open,
    ),
    "go_on": Step(
        _("Go on without the answer"),
        casework.go_on_without_answer,
        _("The clock runs again."),
        beside=lambda complaint: complaint.waiting_since is not None,
    ),
    "note": Step(
        _("Write a note"), casework.add_note, _("The note is kept."), NoteForm, beside=_is_open
    ),
    "classify": Step(
        _("Judge severity and complexity"),
        _classify,
        _("Recorded."),
        ClassifyForm,
        beside=_is_open,
        is_for_case=True,
    ),
    "extend": Step(
        _("Extend the time"),
        _extend,
        _("The time is extended. The customer is told."),
        ExtendForm,
        beside=lambda complaint: casework.extensible_clock(complaint, COMPLETION) is not None,
    ),
    "remind": Step(
        _("Remind me"), _remind, _("You will be reminded."), RemindForm, beside=_is_open
    ),
    "check_identity": Step(
        _("Check who complains"),
        services.check_identity,
        _("The check is recorded."),
        IdentityForm,
        beside=lambda complaint: complaint.needs_identity_check,
    ),
    "hear_reply": Step(
        _("Record what the customer said or wrote"),
        casework.take_message,
        _("Recorded. Where we waited for an answer, the clock runs again."),
        HeardMessageForm,
        beside=_is_open_and_heard,
    ),
    "hear_agreement": Step(
        _("Record that the customer agrees"),
        services.agree_to_answer,
        _("Recorded: the customer agrees."),
        HeardForm,
        beside=lambda complaint: _is_heard(complaint) and complaint.agreed_at is None,
    ),
    "hear_disagreement": Step(
        _("Record that the customer disagrees"),
        services.disagree_with_answer,
        _("Recorded. The complaint waits for a handler who had no part in the answer."),
        HeardReasonForm,
        beside=lambda complaint: (
            _is_heard(complaint) and not complaint.disagreed_at and complaint.customer.is_open
        ),
    ),
    "decide_anew": Step(
        _("Verify again"),
        services.decide_anew,
        _("The complaint is being verified again."),
        ReasonForm,
        beside=lambda complaint: complaint.state == S.MEASURES,
    ),
    "link": Step(
        _("Link another complaint"),
        _link,
        _("The complaints are linked."),
        LinkForm,
        beside=_is_open,
        names=lambda **data: [_other(**data)],
    ),
    "exclude": Step(
        _("Keep somebody away"),
        _exclude,
        _("This person can no longer read the complaint."),
        ExcludeForm,
        beside=_is_open,
    ),
    "escalate": Step(
        _("Record that it went to an authority"),
        services.escalate_complaint,
        _("Recorded. The customer is told."),
        EscalateForm,
        beside=lambda complaint: S.ESCALATED in complaint.next_states,
    ),
    "withdraw": Step(
        _("Withdraw at the customer's wish"),
        services.withdraw_complaint,
        _("The complaint is withdrawn. The customer is told."),
        WithdrawForm,
        beside=_is_open_and_heard,
    ),
}


def act_with_files(
    case: Case,
    act: Callable[..., None],
    *,
    evidence: Collection[CheckedFile] = (),
    **data: Any,
) -> None:
    """Take a step as ``act_unless_changed`` does; files are stored before its transaction begins.

    Raises SomebodyWasFaster, CaseGone.
    """
    with casework.stored(case.customer, evidence) as files:
        if files:
            data["files"] = files
        act_unless_changed(case, act, **data)


@transaction.atomic
def act_unless_changed(
    case: Case,
    act: Callable[..., None],
    *,
    by: User,
    seen: int | None = None,
    names: Callable[..., Collection[Case]] = lambda **data: (),
    **data: Any,
) -> None:
    """Take a step on a case as the person saw it, ``seen`` being the newest event on their screen.

    Raises SomebodyWasFaster, with who did what meanwhile; nothing is overwritten then.
    """
    casework.lock_together(case, *names(by=by, **data))
    if seen is not None and (
        newer := case.events.for_customer().filter(pk__gt=seen).select_related("by").last()
    ):
        raise SomebodyWasFaster(
            gettext(
                "While you were writing, %(who)s was here: %(what)s, %(when)s. Nothing of yours was"
                " saved. Look at the complaint; if it still fits, send again."
            )
            % {
                "who": actor_of(newer),
                "what": label_of(newer),
                "when": f"{timezone.localtime(newer.at):%H:%M}",
            },
            seen=newer.pk,
        )
    act(case, by=by, **data)
