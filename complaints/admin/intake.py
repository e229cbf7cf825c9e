"""Complaints that did not come through the portal, written down as they came."""

from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from access.models import AccessAction
from access.services import record_access, record_list
from accounts.admin.record import ADD_CUSTOMER, RecordForm
from accounts.finding import read_search
from accounts.models import Customer, User
from accounts.recording import record_customer
from casework.models import Severity
from common.admin import themed
from common.errors import PortalError
from common.forms import UNCHOSEN, LineField
from common.personal_data import DataCategory, declaration_of
from common.uploads import receives_files
from complaints.admin.queue import CHANGE, EXACT, LIST
from complaints.exceptions import SubmissionUsed
from complaints.forms import ComplaintForm, channel_field, receipt_field
from complaints.intake import record_complaint
from complaints.models import SHORT_CATEGORY, Complaint
from policies.models import Complexity

receives_evidence = receives_files(settings.EVIDENCE_MAX_TOTAL_BYTES)
UNJUDGED = [("", _("not judged yet"))]


class FindForm(forms.Form):
    term = LineField(
        label=_("Whole email, phone number or public id of the customer"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ComplainantForm(RecordForm):
    """Somebody who is no customer yet: a complaint is taken whatever else they leave untold.

    A letter can be answered by letter.
    """

    REACHED_BY = ("email", "phone", "address")
    UNREACHABLE = _("An email, a phone number or a postal address is needed.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.required = name == "full_name"


class StaffChoices(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, obj: Any) -> str:
        return str(obj)


class RecordComplaintForm(ComplaintForm):
    channel = channel_field()
    received_at = receipt_field(
        _("When it reached the company, not when it is written down: the clock counts.")
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=[*UNJUDGED, *Severity.choices], required=False
    )
    complexity = forms.ChoiceField(
        label=_("Complexity"),
        choices=[*UNJUDGED, *Complexity.choices],
        required=False,
        help_text=_("It sets the term, from receipt."),
    )
    about = StaffChoices(
        User.objects.filter(is_staff=True, is_active=True).order_by("staff_name", "pk"),
        label=_("Members of staff whom it is about"),
        required=False,
        help_text=_("They can neither read it nor work on it."),
    )
    field_order = ["channel", "received_at", "category", "text", "evidence", "about"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        category: Any = self.fields["category"]
        category.widget = forms.Select(choices=[*UNCHOSEN, *SHORT_CATEGORY.items()])
        self.fields["category"].label = _("About")
        self.fields["text"].label = _("The complaint, in the customer's words")
        self.fields["text"].help_text = ""
        self.fields["evidence"].label = _("Scans and other evidence")

    def renew(self, error: PortalError) -> None:
        """Let what was typed be sent as another complaint, once it is known that it is one."""
        if isinstance(error, SubmissionUsed):
            self.become_another()


class IntakeAdmin(PersonalDataAdmin):
    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path(
                "record/new/",
                view(self.record_new_view),
                name="complaints_complaint_record_new",
            ),
            path(
                "record/for/<slug:public_id>/",
                view(self.record_for_view),
                name="complaints_complaint_record_for",
            ),
            *super().get_urls(),
        ]

    @action(  # type: ignore[untyped-decorator]
        description=_("Record a complaint"), icon="add", url_path="record", permissions=["work"]
    )
    @transaction.atomic
    def record_complaint(self, request: HttpRequest) -> HttpResponse:
        """Ask who complains; whom a search finds is written down before they are shown."""
        form = themed(FindForm(request.POST if request.method == "POST" else None))
        found = self._find(request, form.cleaned_data["term"]) if form.is_valid() else None
        return TemplateResponse(
            request,
            "admin/complaints/complaint/find_customer.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Who complains?"),
                "opts": self.opts,
                "form": form,
                "button": _("Search"),
                "found": found,
                "may_add": request.user.has_perm(ADD_CUSTOMER),
                "back": reverse(LIST),
            },
        ).render()

    def _find(self, request: HttpRequest, term: str) -> list[dict[str, str]]:
        search = read_search(term)
        people = Customer.objects.open().without_unproved()
        found = list(people.filter(search.condition)) if search.by in EXACT else []
        record_list(
            by=request.user,
            customers={customer.public_id for customer in found},
            purpose=self.purpose,
            field_groups=[DataCategory.CONTACT],
            filters=[search.by],
            searched=True,
        )
        return [masked(customer) for customer in found]

    def record_new_view(self, request: HttpRequest) -> HttpResponse:
        """Write down the customer first: what they complain of may fail to be stored."""
        self._require_work(request, ADD_CUSTOMER)
        user: Any = request.user
        page = self.form_view(
            request,
            form_class=ComplainantForm,
            act=partial(record_customer, by=user),
            title=_("Record who complains"),
            done=_("The customer is recorded. The complaint is not yet."),
            back=reverse("admin:complaints_complaint_record_complaint"),
            after=_page_for,
            button=_("Go on to the complaint"),
            template="admin/complaints/complaint/record_new.html",
        )
        if request.method == "POST" and isinstance(page, TemplateResponse):
            page.context_data = {**(page.context_data or {}), "found": self._find_known(request)}
        return page

    def _find_known(self, request: HttpRequest) -> list[dict[str, str]]:
        """Return who is recorded already with the email or the number that was typed."""
        typed = [request.POST.get(name, "").strip() for name in ("email", "phone")]
        found = [each for term in typed if term for each in self._find(request, term)]
        return list({each["page"]: each for each in found}.values())

    @receives_evidence
    def record_for_view(self, request: HttpRequest, public_id: str) -> HttpResponse:
        self._require_work(request)
        customer = Customer.objects.open().without_unproved().filter(public_id=public_id).first()
        if customer is None:
            raise Http404
        user: Any = request.user
        record_access(
            by=user,
            action=AccessAction.OPEN,
            customer=customer.public_id,
            purpose=self.purpose,
            field_groups=[DataCategory.CONTACT],
        )
        return self.form_view(
            request,
            form_class=RecordComplaintForm,
            act=partial(record_complaint, customer, by=user),
            title=_("Record a complaint"),
            done=_("The complaint is recorded. Its clock runs from the receipt."),
            back=reverse("admin:complaints_complaint_record_complaint"),
            after=partial(self.page_after, request),
            note=_("Of %(name)s, %(email)s, %(phone)s") % masked(customer),
        )

    def page_after(self, request: HttpRequest, complaint: Complaint) -> str:
        """Lead to the complaint, unless whoever asks may not read it any more."""
        if Complaint.objects.readable_by(request.user).filter(pk=complaint.pk).exists():
            return self.page_of(complaint)
        text = gettext("You have an interest of your own in %s: it is not shown to you any more.")
        self.message_user(request, text % complaint.reference, messages.INFO)
        return reverse(LIST)

    def _require_work(self, request: HttpRequest, *more: str) -> None:
        if not request.user.has_perms([CHANGE, *more]):
            raise PermissionDenied


def masked(customer: Customer) -> dict[str, str]:
    """Return what may be shown of a customer to make sure that it is they."""
    shown = declaration_of(Customer)
    values = {name: shown.masked(customer, name) or "–" for name in ("full_name", "email", "phone")}
    return {
        "name": values["full_name"],
        "email": values["email"],
        "phone": values["phone"],
        "page": _page_for(customer),
    }


def _page_for(customer: Customer) -> str:
    return reverse("admin:complaints_complaint_record_for", args=[customer.public_id])
