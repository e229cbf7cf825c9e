"""Where a system says later that it has carried out an order; see docs/downstream.md."""

from http import HTTPStatus

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from downstream.models import Order
from downstream.orders import acknowledge
from downstream.posting import clean_note, said_in
from downstream.systems import is_signed

ACKNOWLEDGED = "order.acknowledged"  # no order of ours is of this type: none can be sent back
LARGEST = 4_000  # bytes


@csrf_exempt  # no cookie plays a part: the signature is the proof
@login_not_required
@never_cache
@require_POST
def acknowledge_order(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take a signed acknowledgement; the same one again changes nothing.

    An order that is not there and a signature that does not fit get one answer.
    """
    order = Order.objects.select_related("system").filter(public_id=public_id).first()
    body = request.body
    if order is None or len(body) > LARGEST or not is_signed(order.system, body, request.headers):
        return JsonResponse({"error": "unknown_signature"}, status=HTTPStatus.UNAUTHORIZED)
    said = said_in(body)
    data = said.get("data")
    # What is signed names the order, so that the word for one is none for another.
    if (
        said.get("type") != ACKNOWLEDGED
        or not isinstance(data, dict)
        or data.get("order") != public_id
    ):
        return JsonResponse({"error": "malformed"}, status=HTTPStatus.BAD_REQUEST)
    acknowledge(order, note=clean_note(data.get("note")))
    return JsonResponse({"acknowledged": True})
