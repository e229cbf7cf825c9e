"""Customers without a sign-in: written down one by one, or taken from a file."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from access.admin import PersonalDataAdmin
from accounts.forms import CustomerForm
from accounts.import_rows import LARGEST_FILE, headings, required_headings, sample
from accounts.imports import (
    content_of,
    import_customers,
    keep_for_preview,
    kept_for,
    preview_file,
)
from accounts.models import CustomerImport, RequestChannel
from accounts.recording import Agreement, record_customer
from common.csv_files import csv_response
from common.errors import PortalError
from common.forms import UNCHOSEN
from common.uploads import receives_files
from policies.models import Language, Purpose

ADD_CUSTOMER = "accounts.add_customer"
IMPORT_CUSTOMERS = "accounts.import_customers"
CHANGELIST = "admin:accounts_customer_changelist"
FAULTS_SHOWN = 100


class PurposesChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    widget = UnfoldAdminCheckboxSelectMultipleWidget

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}: {obj.wording}"


class RecordForm(CustomerForm):
    """One customer, with the consents that they gave outside of the portal."""

    is_another = forms.BooleanField(
        label=_("Another person has this phone number too"), required=False
    )
    agreed_to = PurposesChoice(
        Purpose.objects.asking_consent(),
        to_field_name="code",
        label=_("Consents given"),
        required=False,
        help_text=_("Only where the customer has read these words and agreed."),
    )
    consent_on = forms.DateField(
        label=_("Given on"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    consent_channel = forms.ChoiceField(
        label=_("How it was given"), choices=[*UNCHOSEN, *RequestChannel.choices], required=False
    )
    REACHED_BY: tuple[str, ...] = ("email", "phone")
    UNREACHABLE = _("An email or a phone number is needed.")
    CONSENTS = ("agreed_to", "consent_on", "consent_channel", "consent_reference")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        told = [name for name in self.fields if name not in ("is_another", *self.CONSENTS)]
        told.insert(told.index("phone") + 1, "is_another")
        self.order_fields([*told, *self.CONSENTS])

    @property
    def about_them(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in self.CONSENTS]

    @property
    def consents(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CONSENTS]

    @property
    def is_unfolded(self) -> bool:
        """Say whether something was told of a consent, or has to be."""
        return any(field.data or field.errors for field in self.consents)

    def clean_consent_on(self) -> Any:
        day = self.cleaned_data["consent_on"]
        if day and day > timezone.localdate():
            raise ValidationError(_("This day is still to come."))
        return day

    def clean(self) -> dict[str, Any]:
        """Hand on what the service takes."""
        data = super().clean() or {}
        if not self.errors and not any(data.get(name) for name in self.REACHED_BY):
            self.add_error("email", self.UNREACHABLE)
        if data.get("agreed_to"):
            for name in ("consent_on", "consent_channel", "consent_reference"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("A consent is recorded with when, how and where."))
        if self.errors:
            return data
        return {
            "details": self.details,
            "declared": self.declared,
            "email": data["email"],
            "language": Language(data["language"] or Language.VI),
            "is_another": data["is_another"],
            "agreed_to": list(data["agreed_to"]),
            "agreement": self._agreement(data),
        }

    def _agreement(self, data: dict[str, Any]) -> Agreement | None:
        if not data["agreed_to"]:
            return None
        channel = RequestChannel(data["consent_channel"])
        return Agreement(data["consent_on"], channel, data["consent_reference"])


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV in UTF-8 or UTF-16, at most 10 MB and 50,000 customers."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt"}),
    )


class RecordingAdmin(PersonalDataAdmin):
    add_permission = ADD_CUSTOMER
    actions_list = ["import_file"]

    def has_import_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(IMPORT_CUSTOMERS))

    def get_urls(self) -> list[URLPattern]:
        views = {
            "sample": ("import/sample.csv", self.sample_view),
            "preview": ("import/<slug:public_id>/", self.preview_view),
            "faults": ("import/<slug:public_id>/faults.csv", self.faults_view),
        }
        pages = [
            path(route, self.admin_site.admin_view(view), name=f"accounts_customer_import_{name}")
            for name, (route, view) in views.items()
        ]
        return [*pages, *super().get_urls()]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        return self.form_view(
            request,
            form_class=RecordForm,
            act=partial(record_customer, by=user),
            title=_("Record a customer"),
            done=_("The customer is recorded."),
            back=reverse(CHANGELIST),
            after=self.page_of,
            template="admin/accounts/customer/add.html",
        )

    # A file of customers

    @receives_files(LARGEST_FILE)
    @action(  # type: ignore[untyped-decorator]
        description=_("Import from a file"), icon="upload_file", permissions=["import"]
    )
    def import_file(self, request: HttpRequest) -> HttpResponse:
        self._require_import(request)
        return self.form_view(
            request,
            form_class=UploadForm,
            act=lambda file: keep_for_preview(file.read(), by=request.user),  # type: ignore[arg-type]
            title=_("Import customers from a file"),
            done=_("The file is read. Nothing is imported yet."),
            back=reverse(CHANGELIST),
            after=lambda kept: _import_page("preview", kept),
            template="admin/accounts/customer/import.html",
            button=_("Look at it first"),
            columns=headings(),
            required=required_headings(),
        )

    def preview_view(self, request: HttpRequest, public_id: str) -> HttpResponse:
        """Show what would be imported; a POST says that it is right."""
        kept = self._kept(request, public_id)
        if request.method == "POST" and (answer := self._import(request, kept)):
            return answer
        preview = preview_file(content_of(kept))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Import customers from a file"),
            "opts": self.opts,
            "preview": preview,
            "faults": preview.faults[:FAULTS_SHOWN],
            "report": _import_page("faults", kept),
            "back": reverse("admin:accounts_customer_import_file"),
        }
        return TemplateResponse(request, "admin/accounts/customer/import_preview.html", context)

    def _import(self, request: HttpRequest, kept: CustomerImport) -> HttpResponse | None:
        user: Any = request.user
        try:
            number = import_customers(kept, by=user)
        except PortalError as error:
            self.message_user(request, str(error), messages.ERROR)
            return None
        text = ngettext("%(n)d customer imported.", "%(n)d customers imported.", number)
        self.message_user(request, text % {"n": number}, messages.SUCCESS)
        return redirect(CHANGELIST)

    def faults_view(self, request: HttpRequest, public_id: str) -> HttpResponse:
        preview = preview_file(content_of(self._kept(request, public_id)))
        head = [gettext("line"), gettext("column"), gettext("what is wrong"), gettext("value")]
        rows = [[each.line, each.column, each.text, each.value] for each in preview.faults]
        return csv_response("faults", [head, *rows])

    def sample_view(self, request: HttpRequest) -> HttpResponse:
        self._require_import(request)
        return csv_response("customers", sample())

    def _kept(self, request: HttpRequest, public_id: str) -> CustomerImport:
        """Return the file of this person; anybody else's, or an old one, is not there."""
        self._require_import(request)
        user: Any = request.user
        kept = kept_for(user).filter(public_id=public_id).first()
        if kept is None:
            raise Http404
        return kept  # type: ignore[no-any-return]

    def _require_import(self, request: HttpRequest) -> None:
        if not self.has_import_permission(request):
            raise PermissionDenied


def _import_page(name: str, kept: CustomerImport) -> str:
    return reverse(f"admin:accounts_customer_import_{name}", args=[kept.public_id])
