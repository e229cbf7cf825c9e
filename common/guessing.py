"""Stops an account that asks for one page after the other that is not there: it guesses addresses.

Nobody guesses a public id of 128 bits; who tries is stopped all the same, and the log says so.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.throttle import may_try

logger = logging.getLogger(__name__)

MOST_MISSES = 100  # in the hour
STOPPED_FOR = timedelta(hours=1)


class GuessingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user: Any = request.user
        if not user.is_authenticated:
            return self.get_response(request)
        stopped = f"guessing-{user.pk}"
        if cache.get(stopped):
            return _too_many(request)
        response = self.get_response(request)
        if response.status_code != HTTPStatus.NOT_FOUND or may_try(
            "guess", str(user.pk), most=MOST_MISSES, within=STOPPED_FOR
        ):
            return response
        cache.set(stopped, True, timeout=int(STOPPED_FOR.total_seconds()))
        logger.warning("an account asked for %d pages that are not there; it waits", MOST_MISSES)
        return _too_many(request)


def _too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=HTTPStatus.TOO_MANY_REQUESTS)
