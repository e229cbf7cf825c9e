"""A signature holds for exactly what was signed, by exactly our keys."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.core.exceptions import ImproperlyConfigured

from common.signatures import (
    NotGenuine,
    NotSigned,
    fingerprint,
    parse_signing_keys,
    public_keys,
    sign,
    verify,
)

OLD, NEW = "A" * 43, "B" * 43
CONTENT = {"b": "Nguyễn", "a": [1, {"z": None, "y": True}]}


def encoded(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed_with(header, content=CONTENT, *, seed=None):
    """A text signed with the tests' own key, under whatever header."""
    key = Ed25519PrivateKey.from_private_bytes(seed or decoded("s" * 43))
    message = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(content).encode())}"
    return f"{message}.{encoded(key.sign(message.encode()))}"


def test_what_is_signed_reads_as_it_was():
    signed = verify(sign("kind", CONTENT))
    assert (signed.kind, signed.content) == ("kind", CONTENT)


def test_the_same_content_has_one_form():
    assert sign("kind", CONTENT) == sign("kind", dict(reversed(CONTENT.items())))


def test_anybody_can_check_it_with_the_published_key_alone():
    header, content, signature = sign("kind", CONTENT).split(".")

    (key,) = public_keys()["keys"]

    assert json.loads(decoded(header)) == {"alg": "EdDSA", "kid": key["kid"], "typ": "kind"}
    assert (key["kty"], key["crv"]) == ("OKP", "Ed25519")
    public = Ed25519PublicKey.from_public_bytes(decoded(key["x"]))
    public.verify(decoded(signature), f"{header}.{content}".encode())


def test_no_letter_of_it_can_be_another():
    text = sign("kind", {"a": 1})
    changed = [
        text[:place] + ("A" if letter != "A" else "B") + text[place + 1 :]
        for place, letter in enumerate(text)
    ]
    for other in changed:
        with pytest.raises((NotSigned, NotGenuine)):
            verify(other)


def test_spare_bits_at_its_end_make_no_second_text():
    text = sign("kind", CONTENT)
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = text[:-1] + last[last.index(text[-1]) + 1]
    assert decoded(twin.split(".")[2]) == decoded(text.split(".")[2])

    with pytest.raises(NotSigned):
        verify(twin)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "kid": "test", "typ": "kind"},
        {"alg": "HS256", "kid": "test", "typ": "kind"},
        {"alg": "EdDSA", "kid": "test"},
        {"alg": "EdDSA", "kid": ["test"], "typ": "kind"},
        {"alg": "EdDSA", "kid": "test", "typ": "kind", "crit": ["b64"], "b64": False},
        {"alg": "EdDSA", "kid": "test", "typ": "kind", "jwk": {"kty": "OKP"}},
        ["alg"],
    ],
)
def test_only_our_own_header_is_read(header):
    with pytest.raises(NotSigned):
        verify(signed_with(header))


def test_a_foreign_key_is_not_ours_whatever_it_calls_itself():
    ours = {"alg": "EdDSA", "kid": "test", "typ": "kind"}
    with pytest.raises(NotGenuine):
        verify(signed_with(ours, seed=b"x" * 32))
    with pytest.raises(NotGenuine):
        verify(signed_with({**ours, "kid": "other"}))


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJ9" * 9, f"ey.ey.{'A' * 86}", "á" * 200])
def test_nonsense_is_no_document(text):
    with pytest.raises(NotSigned):
        verify(text)


def test_what_an_old_key_signed_is_checked_after_the_keys_rotated(settings):
    settings.SIGNING_KEYS = parse_signing_keys(f"old:{OLD}")
    text = sign("kind", CONTENT)
    public = encoded(settings.SIGNING_KEYS.public["old"].public_bytes_raw())

    settings.SIGNING_KEYS = parse_signing_keys(f"new:{NEW},old:{OLD}")
    assert verify(text).content == CONTENT
    assert json.loads(decoded(sign("kind", CONTENT).split(".")[0]))["kid"] == "new"

    settings.SIGNING_KEYS = parse_signing_keys(f"new:{NEW}", f"old:{public}")
    assert verify(text).content == CONTENT
    assert [key["kid"] for key in public_keys()["keys"]] == ["new", "old"]

    settings.SIGNING_KEYS = parse_signing_keys(f"new:{NEW}")
    with pytest.raises(NotGenuine):
        verify(text)


@pytest.mark.parametrize(
    ("keys", "retired"),
    [
        ("", ""),
        (OLD, ""),
        (f":{OLD}", ""),
        (f"a b:{OLD}", ""),
        (f"old:{OLD[:-1]}", ""),
        (f"old:{OLD}AA", ""),
        (f"old:{OLD[:-1]}+", ""),
        (f"old:{OLD},old:{NEW}", ""),
        (f"old:{OLD},new:{OLD}", ""),
        (f"old:{OLD}", f"old:{NEW}"),
        (f"old:{OLD}", "new:short"),
    ],
)
def test_nonsense_among_the_keys_is_refused_and_not_repeated(keys, retired):
    with pytest.raises(ImproperlyConfigured) as refused:
        parse_signing_keys(keys, retired)
    assert OLD[:20] not in str(refused.value)


def test_a_code_is_short_and_another_for_another_text():
    codes = {fingerprint(sign("kind", {"n": n})) for n in range(100)}
    assert len(codes) == 100
    assert {len(code) for code in codes} == {19}
