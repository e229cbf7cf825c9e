from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from access.models import AccessRecord
from access.naming import find_record, name_of
from accounts.access_mails import choose_access_mails
from accounts.forms import AccessFilterForm
from accounts.http import CustomerRequest, for_customer, posted_from
from accounts.looks import Asked, page_of_looks, questions_about, records_asked_for
from accounts.merging import public_ids_of
from accounts.models import Customer
from accounts.uses import accesses_told_to
from common.attachments import shut
from common.csv_files import csv_pieces
from common.personal_data import DataCategory
from policies.models import Purpose

COLUMNS = ("at", "role", "action", "field_groups", "purpose", "case_reference", "reason")


@for_customer
def accesses(request: CustomerRequest) -> HttpResponse:
    """Show who looked, as far as asked for; "after" names the record from which to go on."""
    customer = request.customer
    form = AccessFilterForm(request.GET)
    records, asked = accesses_told_to(customer), _asked(form)
    after = find_record(request.GET.get("after", ""), *public_ids_of(customer))
    page = page_of_looks(records, asked, after=after)
    shown = [record for look in page.looks for record in look.records]
    return render(
        request,
        "accounts/accesses.html",
        {
            "form": form,
            "is_narrowed": asked != Asked(),
            "query": form.query,
            "looks": page.looks,
            "names": {record.pk: name_of(record, customer.public_id) for record in shown},
            "questioned": questions_about(customer, [record.pk for record in shown]),
            "is_first": after is None,
            "next": name_of(page.after, customer.public_id) if page.after else "",
            "purposes": Purpose.objects.in_bulk(field_name="code"),
            "gets_mails": customer.gets_access_mails,
        },
    )


@for_customer
def accesses_csv(request: CustomerRequest) -> StreamingHttpResponse:
    """Hand out every record that is asked for, read while it is sent."""
    asked = _asked(AccessFilterForm(request.GET))
    name = f"accesses-{timezone.localdate()}.csv"
    answer = StreamingHttpResponse(
        csv_pieces(_rows(request.customer, asked)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    return shut(answer)


@for_customer
@posted_from("accesses")
def access_mails(request: CustomerRequest) -> HttpResponse:
    wants = request.POST.get("wants") == "on"
    choose_access_mails(request.customer, wants=wants, by=request.user)
    text = (
        _("You get a mail on each day after somebody looked at your data.")
        if wants
        else _("You get no mails about who looked at your data.")
    )
    messages.success(request, text)
    return redirect("accesses")


def _asked(form: AccessFilterForm) -> Asked:
    return Asked(**form.cleaned_data) if form.is_valid() else Asked()


def _rows(customer: Customer, asked: Asked) -> Iterator[list[str]]:
    names: Any = (AccessRecord._meta.get_field(column) for column in COLUMNS)
    yield [str(name.verbose_name) for name in names]
    purposes = Purpose.objects.in_bulk(field_name="code")
    for record in records_asked_for(customer, asked):
        purpose = purposes.get(record.purpose)
        yield [
            date_format(timezone.localtime(record.at), "Y-m-d H:i:s"),
            _(record.role),
            record.get_action_display(),
            "; ".join(str(DataCategory(each).label) for each in record.field_groups),
            str(purpose.name if purpose else record.purpose_label),
            record.case_reference,
            record.get_reason_display(),
        ]
