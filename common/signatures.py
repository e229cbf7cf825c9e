"""Signatures that anybody can check: compact JWS under Ed25519, with the public keys published.

What is signed is canonical JSON, so that the same content has one form; the kind of
document and the key's id stand in the signed header. Sources: RFC 7515 (JWS), RFC 8037
(Ed25519 in JOSE), RFC 8785 (canonical JSON), RFC 8725 section 3.11 (name the kind).
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _

from common.encryption.keyring import parse_keys
from common.errors import PortalError

ALGORITHM = "EdDSA"
COMPACT = re.compile(r"([A-Za-z0-9_-]{1,400})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})")


class NotSigned(PortalError):
    """There is nothing here that could be checked."""


class NotGenuine(PortalError):
    """It looks signed, and is not by us, or not as it stands here."""


@dataclass(frozen=True)
class SigningKeys:
    """The key that signs, and the public halves of all that ever did, by their ids."""

    current: str
    private: Ed25519PrivateKey = field(repr=False)
    public: Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True)
class Signed:
    """What a genuine signature covers: the kind, the content, and the very text."""

    kind: str
    content: dict[str, Any]
    text: str


def parse_signing_keys(keys: str, retired: str = "") -> SigningKeys:
    """Read SIGNING_KEYS, "id:seed,id:seed", and SIGNING_KEYS_RETIRED, "id:public key,…".

    The first seed signs. A key that signs no longer stays in one of the two for ever, or
    what it has signed cannot be checked.

    Raises ImproperlyConfigured, without a word of any key.
    """
    seeds = parse_keys("SIGNING_KEYS", keys)
    private = {key_id: Ed25519PrivateKey.from_private_bytes(seed) for key_id, seed in seeds.items()}
    public = {key_id: key.public_key() for key_id, key in private.items()}
    for key_id, raw in parse_keys("SIGNING_KEYS_RETIRED", retired).items() if retired else ():
        if key_id in public:
            raise ImproperlyConfigured(f"SIGNING_KEYS_RETIRED repeats the id {key_id}.")
        public[key_id] = Ed25519PublicKey.from_public_bytes(raw)
    current = next(iter(private))
    return SigningKeys(current, private[current], public)


def sign(kind: str, content: Mapping[str, Any]) -> str:
    """Return the compact JWS of ``content``, which JSON can hold without floats."""
    keys = settings.SIGNING_KEYS
    header = {"alg": ALGORITHM, "kid": keys.current, "typ": kind}
    message = f"{_encode(canonical(header))}.{_encode(canonical(content))}"
    return f"{message}.{_encode(keys.private.sign(message.encode()))}"


def verify(text: str) -> Signed:
    """Return what a compact JWS says, if one of our keys signed exactly this.

    Raises NotSigned for what is no such text, NotGenuine for one that is not ours.
    """
    parts = COMPACT.fullmatch(text)
    header = _header(parts[1]) if parts else None
    if parts is None or header is None or _encode(_decode(parts[3])) != parts[3]:
        raise NotSigned(_("This is no signed document, or a part of it is missing."))
    key = settings.SIGNING_KEYS.public.get(header["kid"])
    if key is None:
        raise NotGenuine(_("It is signed with a key that is not ours."))
    try:
        key.verify(_decode(parts[3]), f"{parts[1]}.{parts[2]}".encode())
    except InvalidSignature:
        raise NotGenuine(_("The signature does not fit: it was changed or made up.")) from None
    return Signed(header["typ"], json.loads(_decode(parts[2])), text)


def fingerprint(text: str) -> str:
    """Return a short code of a signed text, to compare what is printed with what was checked.

    80 bits: nobody makes a second text with the code of a given one.
    """
    code = base64.b32encode(hashlib.sha256(text.encode()).digest()).decode()[:16]
    return "-".join(code[start : start + 4] for start in range(0, 16, 4))


def public_keys() -> dict[str, Any]:
    """Return the public keys as a JSON Web Key Set (RFC 7517)."""
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "alg": ALGORITHM,
                "use": "sig",
                "kid": key_id,
                "x": _encode(key.public_bytes_raw()),
            }
            for key_id, key in settings.SIGNING_KEYS.public.items()
        ]
    }


def canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(
        content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def _header(encoded: str) -> dict[str, str] | None:
    """Return the header if it is one of ours: these three names, this algorithm, no others.

    Whoever could choose the algorithm, or add "crit" or a key, could choose what is checked.
    """
    try:
        header = json.loads(_decode(encoded))
    except ValueError:
        return None
    ours = isinstance(header, dict) and header.keys() == {"alg", "kid", "typ"}
    if not ours or header["alg"] != ALGORITHM:
        return None
    return header if isinstance(header["kid"], str) and isinstance(header["typ"], str) else None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(encoded: str) -> bytes:
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
