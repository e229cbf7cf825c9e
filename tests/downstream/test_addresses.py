"""Orders never go into the network of the portal itself."""

import datetime
import socket
import ssl
from ipaddress import ip_address
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.utils import timezone

from downstream import posting
from downstream.addresses import address_of, check_endpoint
from downstream.exceptions import NotDelivered, SystemRefused
from downstream.models import Order, System
from tests.downstream.conftest import make_system
from tests.downstream.test_delivery import restrict, send_due_orders

INSIDE = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
    *("0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "100.100.100.200"),
    *("::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "168.63.129.16"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1"),
]
NEVER = [
    "fd20:ce::254",
    "168.63.129.16",
    "169.254.169.254",
    "fe80::1",
    "0.0.0.0",
    "224.0.0.1",
    "fd00:ec2::254",
    "100.100.100.200",
]


def answers(monkeypatch, *addresses):
    """Let every name lead to these addresses, as its owner may choose at any moment."""
    found = [
        (socket.AF_INET6 if ":" in each else socket.AF_INET, 0, 0, "", (each, 443))
        for each in addresses
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: found)


@pytest.mark.parametrize("address", INSIDE)
def test_a_name_that_leads_inside_is_not_followed_however_it_is_written(address, monkeypatch):
    for addresses in ([address], ["93.184.215.14", address]):
        answers(monkeypatch, *addresses)
        with pytest.raises(NotDelivered, match="address forbidden"):
            address_of("crm.example.vn", 443)

    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(SystemRefused):
        check_endpoint(f"https://{literal}/orders")


def test_a_name_that_leads_outside_is_followed_to_the_address_that_was_judged(monkeypatch):
    for address in ("93.184.215.14", "2606:2800:21f:cb07::1"):
        answers(monkeypatch, address)
        assert ip_address(address_of("crm.example.vn", 443)) == ip_address(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "127.0.0.1", "::1", "fc00::1"])
def test_a_host_that_the_company_names_may_lie_inside_but_no_other(address, monkeypatch, settings):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset({"crm.internal"})
    answers(monkeypatch, address)

    assert address_of("CRM.internal", 443) == address
    with pytest.raises(NotDelivered):
        address_of("crm.internal.example.vn", 443)


@pytest.mark.parametrize("address", NEVER)
def test_not_even_such_a_host_leads_to_what_gives_out_keys(address, monkeypatch, settings):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset({"crm.internal"})
    answers(monkeypatch, address)

    with pytest.raises(NotDelivered):
        address_of("crm.internal", 443)


@pytest.mark.parametrize(
    "endpoint",
    [
        *("", "crm", "ftp://example.vn", "https://", "https://a:b@example.vn/", "//example.vn"),
        *("https://example.vn/#x", "https://example.vn:0/", "https://example.vn:99999/"),
        *("https://[::1", "https://exa mple.vn\n/", "javascript:alert(1)", "https://ví.vn/"),
    ],
)
def test_what_is_no_plain_address_is_refused(endpoint):
    with pytest.raises(SystemRefused):
        check_endpoint(endpoint)


def test_behind_https_orders_go_by_https_alone(settings):
    check_endpoint("http://crm.example.vn/orders")
    settings.IS_HTTPS = True

    check_endpoint("https://crm.example.vn/orders")
    with pytest.raises(SystemRefused):
        check_endpoint("http://crm.example.vn/orders")


def test_a_name_that_moves_inside_after_it_was_entered_gets_nothing(
    db, receiver, monkeypatch, settings
):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset()
    port = receiver.server.server_port
    system = make_system(endpoint=f"http://crm.example.vn:{port}/")
    answers(monkeypatch, "127.0.0.1")
    restrict()
    send_due_orders()

    assert (Order.objects.get().error, receiver.got) == ("address forbidden", [])

    with pytest.raises(SystemRefused):
        make_system(endpoint="https://10.0.0.1/")
    assert list(System.objects.all()) == [system]


def certificate_of(host, folder):
    """Make a key and a certificate that says to be of this host; return both in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now, day = timezone.now(), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    names = x509.SubjectAlternativeName([x509.DNSName(host)])
    made = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    file = folder / f"{host}.pem"
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(key.private_bytes(pem, *plain) + made.public_bytes(pem))
    return file


def test_the_certificate_is_that_of_the_host_though_its_address_is_connected_to(
    receiver, monkeypatch, settings, tmp_path
):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset({"crm.example.vn", "mail.example.vn"})
    file = certificate_of("crm.example.vn", tmp_path)
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(file)
    receiver.server.socket = ours.wrap_socket(receiver.server.socket, server_side=True)
    monkeypatch.setattr(posting, "_trusted", lambda: ssl.create_default_context(cafile=file))
    answers(monkeypatch, "127.0.0.1")
    port = receiver.server.server_port

    assert posting.post(f"https://crm.example.vn:{port}/", "{}", {}).status == 200
    with pytest.raises(NotDelivered, match="ConnectError"):
        posting.post(f"https://mail.example.vn:{port}/", "{}", {})


def test_who_answers_letter_by_letter_is_left_when_the_time_is_up(monkeypatch, settings):
    settings.DOWNSTREAM_INTERNAL_HOSTS = frozenset({"127.0.0.1"})
    monkeypatch.setattr(posting, "DEADLINE", 0.3)
    is_over = Event()

    def drip(server):
        connection, _address = server.accept()
        with connection:
            for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 1000:
                if is_over.wait(0.05):
                    return
                connection.sendall(bytes([letter]))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=drip, args=[server])
        thread.start()
        with pytest.raises(NotDelivered, match="too slow"):
            posting.post(f"http://127.0.0.1:{server.getsockname()[1]}/", "{}", {})
        is_over.set()
        thread.join()
