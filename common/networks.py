"""From which network a request comes: its address, truncated so that it tells no one device."""

from contextvars import ContextVar
from ipaddress import ip_address, ip_network

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse

from common.requests import GetResponse

PREFIXES = {4: 24, 6: 48}

network: ContextVar[str] = ContextVar("network", default="")


class NetworkMiddleware:
    """Let all that happens in a request know where it came from; a job comes from nowhere."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = network.set(network_of(request))
        try:
            return self.get_response(request)
        finally:
            network.reset(token)


def network_of(request: HttpRequest) -> str:
    """Return the network that a request comes from, or "" when its address cannot be told."""
    try:
        address = ip_address(get_adapter().get_client_ip(request))
    except (ImproperlyConfigured, PermissionDenied, ValueError):
        return ""
    address = getattr(address, "ipv4_mapped", None) or address
    return str(ip_network((int(address), PREFIXES[address.version]), strict=False))
