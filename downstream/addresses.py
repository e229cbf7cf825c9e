"""Where orders may be sent: never into the network of the portal itself, whatever a name says.

An address is judged when a connection is made, and the connection goes to that very address, so
that no name can answer the check with one and the connection with another. Hosts of the setting
DOWNSTREAM_INTERNAL_HOSTS may lie inside: the company's own CRM often does.
"""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from downstream.exceptions import NotDelivered, SystemRefused

Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")
# Where clouds hand out the keys of a machine, beside 169.254.169.254: no host of a company's.
METADATA = frozenset(
    map(ip_address, ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16"))
)
PORTS = {"https": 443, "http": 80}
FORBIDDEN = "address forbidden"  # the code of it
INSIDE = gettext_lazy(
    "This address lies inside of the portal's own network. Orders go there only if whoever runs the"
    " portal names the host in DOWNSTREAM_INTERNAL_HOSTS; docs/downstream.md says more."
)


def check_endpoint(endpoint: str) -> None:
    """Refuse what can be told to be no good address without asking for the name.

    Raises SystemRefused.
    """
    try:
        parts = urlsplit(endpoint)
        is_plain = not (parts.username or parts.password or parts.fragment or parts.port == 0)
        host = parts.hostname or ""
    except ValueError:
        is_plain, host = False, ""
    if not is_plain or not host or not endpoint.isascii() or not endpoint.isprintable():
        raise SystemRefused(_("Write an address like https://crm.example.vn/orders."))
    if parts.scheme not in (["https"] if settings.IS_HTTPS else PORTS):
        raise SystemRefused(_("The address must begin with https://."))
    try:
        address = ip_address(host)
    except ValueError:
        return
    if not _is_allowed(address, host):
        raise SystemRefused(INSIDE)


def address_of(host: str, port: int) -> str:
    """Return an address behind a name to which the portal may connect.

    Raises NotDelivered where there is none, or where one of them is forbidden: a name that leads
    in and out at once is up to something.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered("name unknown") from None
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(_is_allowed(ip_address(each), host) for each in addresses):
        raise NotDelivered(FORBIDDEN)
    return addresses[0]


def _is_allowed(address: Address, host: str) -> bool:
    judged = _embedded(address)
    is_inside = host.lower() in settings.DOWNSTREAM_INTERNAL_HOSTS
    if judged.is_loopback:
        return is_inside
    if judged.is_multicast or judged.is_unspecified or judged.is_reserved or _is_of_link(judged):
        return False
    return judged not in METADATA and (judged.is_global or is_inside)


def _is_of_link(address: Address) -> bool:
    return address.is_link_local or (isinstance(address, IPv6Address) and address.is_site_local)


def _embedded(address: Address) -> Address:
    """Return the IPv4 address to which an IPv6 one leads, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
