from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from access.models import AccessRecord
from access.naming import name_of
from accounts.http import CustomerRequest, for_customer
from accounts.merging import public_ids_of
from policies.models import Purpose


@for_customer
def accesses(request: CustomerRequest) -> HttpResponse:
    records = AccessRecord.objects.about(*public_ids_of(request.customer))
    page = Paginator(records, 25).get_page(request.GET.get("page"))
    own_id = request.customer.public_id
    context = {
        "page": page,
        "purposes": Purpose.objects.in_bulk(field_name="code"),
        "names": {record.pk: name_of(record, own_id) for record in page},
    }
    return render(request, "accounts/accesses.html", context)
