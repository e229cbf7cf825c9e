"""Asking who is there again, before what a stolen session must not do."""

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.http import HttpRequest


def confirm_again(request: HttpRequest) -> None:
    """Ask for the password or the second factor, unless that was within the last five minutes.

    In the midst of a view, where it depends on what was sent; that goes through afterwards.
    Raises what allauth's middleware turns into the page that asks.
    """
    raise_if_reauthentication_required(request, app="")
