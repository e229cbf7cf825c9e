from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from access.naming import name_of
from accounts.http import CustomerRequest, for_customer
from accounts.uses import accesses_told_to
from policies.models import Purpose


@for_customer
def accesses(request: CustomerRequest) -> HttpResponse:
    records = accesses_told_to(request.customer)
    page = Paginator(records, 25).get_page(request.GET.get("page"))
    own_id = request.customer.public_id
    context = {
        "page": page,
        "purposes": Purpose.objects.in_bulk(field_name="code"),
        "names": {record.pk: name_of(record, own_id) for record in page},
    }
    return render(request, "accounts/accesses.html", context)
