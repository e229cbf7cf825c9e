"""Where other systems ask whether data may be used for a purpose; see docs/purpose-check.md."""

import json
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from common.throttle import may_try
from marketing.contacts import clean_contact
from marketing.models import ApiClient
from marketing.systems import answer_system, system_with_key
from policies.models import Purpose

LONGEST_QUESTION = 2_000  # bytes
MOST_A_MINUTE = 600  # questions of one system
ASKED = {"contact", "purpose"}


@csrf_exempt  # no cookie plays a part: the key in the header is the proof
@login_not_required
@never_cache
@require_POST
def purpose_check(request: HttpRequest) -> HttpResponse:
    system = _system_of(request)
    if system is None:
        refusal = _refusal(HTTPStatus.UNAUTHORIZED, "unknown_key")
        refusal["WWW-Authenticate"] = "Bearer"
        return refusal
    minute = timedelta(minutes=1)
    if not may_try("purpose check", str(system.pk), most=MOST_A_MINUTE, within=minute):
        refusal = _refusal(HTTPStatus.TOO_MANY_REQUESTS, "too_many_questions")
        refusal["Retry-After"] = str(int(minute.total_seconds()))
        return refusal
    question = _question(request)
    if question is None:
        return _refusal(HTTPStatus.BAD_REQUEST, "malformed")
    return _answer(system, **question)


def _answer(system: ApiClient, *, contact: str, purpose: str) -> HttpResponse:
    known = Purpose.objects.active().filter(code=purpose).first()
    if known is None:
        return _refusal(HTTPStatus.BAD_REQUEST, "unknown_purpose")
    try:
        clean = clean_contact(contact, known.channel)
    except ValidationError:
        return _refusal(HTTPStatus.BAD_REQUEST, "invalid_contact")
    answer = answer_system(system, contact=clean, purpose=known)
    return JsonResponse(
        {
            "allowed": answer.is_allowed,
            "reason": answer.reason.value,
            "since": answer.since and answer.since.isoformat(),
            "purpose": known.code,
            "channel": known.channel,
        }
    )


def _system_of(request: HttpRequest) -> ApiClient | None:
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    return system_with_key(key) if scheme.lower() == "bearer" and key else None


def _refusal(status: HTTPStatus, error: str) -> HttpResponse:
    return JsonResponse({"error": error}, status=status)


def _question(request: HttpRequest) -> dict[str, str] | None:
    """Return what is asked, or None for anything but two texts by their names, each once."""
    if request.content_type != "application/json":
        return None
    try:
        body = request.body
        asked = json.loads(
            body if len(body) <= LONGEST_QUESTION else "",
            object_pairs_hook=_each_once,
        )
    except (ValueError, RecursionError):
        return None
    is_question = isinstance(asked, dict) and asked.keys() == ASKED
    return asked if is_question and all(_is_plain(each) for each in asked.values()) else None


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 254 and value.isprintable()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _value in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name stands twice")
    return dict(pairs)
