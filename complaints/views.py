from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from access.models import AccessRecord
from access.naming import find_record
from accounts.http import CustomerRequest, for_customer
from accounts.merging import public_ids_of
from accounts.models import Customer
from casework.clocks import preview_clocks
from casework.downloads import as_attachment
from casework.models import Evidence
from casework.services import write_as_customer
from common.attachments import as_download
from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.throttle import may_try
from common.uploads import receives_files
from complaints import intake, services
from complaints.case_file import case_file
from complaints.doors import Visit
from complaints.exceptions import SubmissionUsed
from complaints.forms import AuthorityForm, ComplaintForm, DisagreeForm, MessageForm
from complaints.letters import compose_letter, letter_on_paper
from complaints.links import ask_to_withdraw
from complaints.models import Complaint, ComplaintCategory, ComplaintState, Side
from complaints.told import is_decision_told, timeline
from policies.models import Purpose

MESSAGES_AN_HOUR = 10
Act = Callable[..., None]
receives_evidence = receives_files(settings.EVIDENCE_MAX_TOTAL_BYTES, by="is_authenticated")


@for_customer
def index(request: CustomerRequest) -> HttpResponse:
    complaints = Complaint.objects.of(request.customer).order_by("-received_at")
    page = Paginator(complaints, 20).get_page(request.GET.get("page"))
    return render(request, "complaints/index.html", {"page": page})


@receives_evidence
@for_customer
def file_complaint(request: CustomerRequest) -> HttpResponse:
    """Take a complaint; "access" names a record that it calls into question."""
    name = request.POST.get("access") or request.GET.get("access", "")
    questioned = [_record_of(request.customer, name)] if name else []
    initial = {"category": ComplaintCategory.UNAUTHORISED} if questioned else {}
    form = ComplaintForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid():
        try:
            complaint = intake.file_complaint(
                request.customer, by=request.user, questioned=questioned, **form.cleaned_data
            )
        except PortalError as error:
            form.add_error(None, str(error))
            if isinstance(error, SubmissionUsed):
                form.become_another()
        else:
            tell_of_masked_cards(request, form)
            messages.success(
                request, _("We have your complaint. Its reference is %s.") % complaint.reference
            )
            return redirect(complaint)
    context = {
        "form": form,
        "clocks": preview_clocks(intake.CLOCKS, timezone.now()),
        "access": name,
        "questioned": questioned,
        "purposes": Purpose.objects.in_bulk(field_name="code"),
    }
    return render(request, "complaints/file.html", context)


def _record_of(customer: Customer, name: str) -> AccessRecord:
    """Raises Http404 for a name that was not given to this customer."""
    if record := find_record(name, *public_ids_of(customer)):
        return record
    raise Http404


# The pages of one complaint, behind either door


def detail(request: HttpRequest, visit: Visit, **returned: Any) -> HttpResponse:
    """Show all that the customer may read; ``returned`` are forms that came back with errors."""
    complaint = visit.complaint
    answered = complaint.answered_at
    return render(
        request,
        "complaints/detail.html",
        {
            "visit": visit,
            "complaint": complaint,
            "timeline": timeline(complaint),
            "question": complaint.messages.filter(is_question=True).last(),
            "clocks": complaint.clocks.select_related("limit"),
            "evidence": [
                (file, visit.url("evidence", file.public_id)) for file in complaint.evidence.all()
            ],
            "questioned": [
                each.record for each in complaint.questioned_accesses.select_related("record")
            ],
            "purposes": Purpose.objects.in_bulk(field_name="code"),
            "letter": answered and compose_letter(complaint, _language(request), at=answered),
            "is_decision_told": is_decision_told(complaint),
            "languages": settings.LANGUAGES,
            "at": {page: visit.url(page) for page in LINKED},
            "link_days": settings.COMPLAINT_LINK_DAYS,
            **_next_steps(complaint),
            **returned,
        },
    )


LINKED = (
    *("complaint", "write_complaint", "withdraw_complaint", "agree_complaint"),
    *("disagree_complaint", "escalate_complaint"),
    *("complaint_letter", "complaint_letter_pdf", "complaint_file_pdf"),
)


def _next_steps(complaint: Complaint) -> dict[str, Any]:
    """Return the forms that the customer may fill in now."""
    is_answered = complaint.state == ComplaintState.RESOLVED
    may_disagree = is_answered and not complaint.disagreed_at and complaint.customer.is_open
    may_escalate = ComplaintState.ESCALATED in complaint.next_states
    return {
        "message_form": MessageForm() if complaint.is_open else None,
        "may_agree": is_answered and complaint.agreed_at is None,
        "disagree_form": DisagreeForm(prefix="disagree") if may_disagree else None,
        "authority_form": AuthorityForm(prefix="authority") if may_escalate else None,
    }


@receives_evidence
def write(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    form = MessageForm(request.POST, request.FILES)
    if request.method == "POST" and form.is_valid() and not _may_write(visit):
        sentence = _("You have sent many messages within an hour. Please send this one later.")
        form.add_error(None, sentence)
        response = detail(request, visit, message_form=form)
        response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        return response
    return _take_step(
        request, visit, write_as_customer, form, "message_form", done=_("Your message is sent.")
    )


def _may_write(visit: Visit) -> bool:
    """Count this message of the customer's, whichever door it comes by."""
    who = visit.complaint.customer.public_id
    return may_try("write", who, most=MESSAGES_AN_HOUR, within=timedelta(hours=1))


def withdraw(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Withdraw it for who is signed in; who came by the link is mailed another one for that."""
    if not visit.token:
        return _withdraw(request, visit)
    done = _("We have mailed you a link. The complaint is withdrawn once you confirm it there.")
    return _take_step(request, visit, _ask_to_withdraw, done=done)


def _ask_to_withdraw(complaint: Complaint, *, by: None) -> None:
    ask_to_withdraw(complaint)


def confirm_withdrawal(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    """Say what it means, behind the link that was mailed for it; a POST withdraws."""
    if request.method == "POST":
        return _withdraw(request, visit)
    return render(request, "complaints/open/withdraw.html", {"complaint": visit.complaint})


def _withdraw(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    done = _("You have withdrawn your complaint.")
    return _take_step(request, visit, services.withdraw_complaint, done=done)


def agree(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    done = _("Thank you. We have noted that you agree.")
    return _take_step(request, visit, services.agree_to_answer, done=done)


def disagree(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    form = DisagreeForm(request.POST, prefix="disagree")
    done = _("Thank you. Somebody who had no part in the answer will look at it again.")
    act = services.disagree_with_answer
    return _take_step(request, visit, act, form, "disagree_form", done=done)


def escalate(request: HttpRequest, visit: Visit) -> HttpResponseBase:
    form = AuthorityForm(request.POST, prefix="authority")
    done = _("We have noted to which authority you took the complaint.")
    return _take_step(request, visit, _escalate, form, "authority_form", done=done)


def _escalate(complaint: Complaint, **to: Any) -> None:
    services.escalate_complaint(complaint, side=Side.CUSTOMER, **to)


def _take_step(
    request: HttpRequest,
    visit: Visit,
    act: Act,
    form: forms.Form | None = None,
    name: str = "",
    *,
    done: str,
) -> HttpResponseBase:
    """Call ``act`` with what the form holds; a page that is only opened leads to the complaint.

    What cannot be taken comes back, in the form or, where it has no place any more, as a message.
    """
    if request.method == "POST" and form is not None and not form.is_valid():
        return detail(request, visit, **{name: form})
    if request.method == "POST":
        try:
            act(visit.complaint, by=visit.by, **(form.cleaned_data if form else {}))
        except PortalError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, done)
            if form is not None:
                tell_of_masked_cards(request, form)
    return redirect(visit.url("complaint"))


def evidence(request: HttpRequest, visit: Visit, evidence_id: str) -> FileResponse:
    return as_attachment(get_object_or_404(Evidence, case=visit.complaint, public_id=evidence_id))


# On paper


def letter(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Show the answer alone, to be printed."""
    composed = compose_letter(visit.complaint, _language(request), at=_answered(visit))
    context = {"letter": composed, "back": visit.url("complaint")}
    return render(request, "complaints/letter.html", context)


def letter_pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    language, at = _language(request), _answered(visit)
    content = letter_on_paper(compose_letter(visit.complaint, language, at=at), at=at)
    return _pdf(content, f"{visit.complaint.reference}-{language}")


def file_pdf(request: HttpRequest, visit: Visit) -> HttpResponse:
    language = _language(request)
    return _pdf(
        case_file(visit.complaint, language), f"{visit.complaint.reference}-file-{language}"
    )


def _pdf(content: bytes, name: str) -> HttpResponse:
    return as_download(content, name=f"{name}.pdf", content_type="application/pdf")


def _answered(visit: Visit) -> datetime:
    """Raises Http404 while the customer has no answer."""
    if at := visit.complaint.answered_at:
        return at
    raise Http404


def _language(request: HttpRequest) -> str:
    """Return the language that the address asks for, else the page's."""
    chosen = request.GET.get("language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else get_language()[:2]
