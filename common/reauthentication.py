"""Asking who is there again, before what a stolen session must not do."""

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest
from django.urls import resolve


def confirm_again(request: HttpRequest) -> None:
    """Ask for the password or the second factor, unless that was within the last five minutes.

    In the midst of a view, where it depends on what was sent; that goes through afterwards.
    Raises what allauth's middleware turns into the page that asks.
    """
    raise_if_reauthentication_required(request, app="")


def confirm_anew(request: HttpRequest) -> None:
    """Ask as ``confirm_again`` does, however short ago that was, and for this form alone.

    What was sent comes back from the page that asked, which was therefore answered just now.
    Raises as ``confirm_again`` does.
    """
    came_by = request.resolver_match
    if came_by is None or came_by.view_name == resolve(request.path_info).view_name:
        raise ReauthenticationRequired()
    confirm_again(request)
