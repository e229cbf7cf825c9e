"""Texts sealed with AES-256-GCM: nobody without the key reads them, or changes them unseen.

A sealed text reads "v1.<id of the key>.<nonce, ciphertext and tag in base64url>". It opens only
under the context and the row that it was sealed for, so that a copy elsewhere is worth nothing.

Each context has a key of its own, for which nonces are drawn at random: by NIST SP 800-38D, 8.3,
it may seal 2**32 texts. A context is a short, fixed name; renaming it makes its texts unreadable.
"""

import base64
import hashlib
import hmac
import os
import re
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

from common.encryption.keyring import KeyRing

VERSION = "v1"
HASH_VERSION = "h1"
NONCE_BYTES = 12
SEALED = re.compile(r"v1\.([A-Za-z0-9_-]{1,32})\.([A-Za-z0-9_-]{38,})")


class EncryptionError(Exception):
    """Something was to be stored or looked up in a way that encryption does not allow: a bug."""


class DecryptionError(EncryptionError):
    """What is stored does not open: the key is missing, or it was changed, moved or never sealed.

    Never says what is stored.
    """


def seal_text(text: str, context: str, *, row: str = "") -> str:
    """Seal a text under the current key; sealing it again gives another sealed text."""
    ring = key_ring()
    nonce = os.urandom(NONCE_BYTES)
    cipher = AESGCM(ring.derive(ring.current, _use(context)))
    sealed = nonce + cipher.encrypt(nonce, text.encode(), _bound_to(ring.current, context, row))
    return f"{VERSION}.{ring.current}.{_encode(sealed)}"


def open_text(sealed: str, context: str, *, row: str = "") -> str:
    """Return the text that was sealed under this context for this row.

    Raises DecryptionError.
    """
    if not (parts := SEALED.fullmatch(sealed)):
        raise DecryptionError(f"{context} holds something that was never sealed.")
    key_id, encoded = parts.groups()
    try:
        content = _decode(encoded)
        cipher = AESGCM(key_ring().derive(key_id, _use(context)))
        nonce, ciphertext = content[:NONCE_BYTES], content[NONCE_BYTES:]
        return cipher.decrypt(nonce, ciphertext, _bound_to(key_id, context, row)).decode()
    except KeyError:
        raise DecryptionError(
            f"{context} is sealed under {key_id}, which is not on the ring."
        ) from None
    except (InvalidTag, ValueError):
        raise DecryptionError(
            f"{context} does not open: it was changed or moved, or the key {key_id} is another one."
        ) from None


def search_hash(text: str, context: str) -> str:
    """Return what a text is found by, under the current key: equal texts have equal hashes."""
    ring = key_ring()
    return _search_hash(ring, ring.current, text, context)


def search_hashes(text: str, context: str) -> list[str]:
    """Return the hash under each key of the ring: all that a row may have while keys change."""
    ring = key_ring()
    return [_search_hash(ring, key_id, text, context) for key_id in ring.keys]


def key_ring() -> KeyRing:
    ring: KeyRing = settings.ENCRYPTION_KEYS
    return ring


def _search_hash(ring: KeyRing, key_id: str, text: str, context: str) -> str:
    key = ring.derive(key_id, f"search {context}")
    digest = hmac.digest(key, _comparable(text).encode(), hashlib.sha256)
    return f"{HASH_VERSION}.{key_id}.{_encode(digest)}"


def _comparable(text: str) -> str:
    """Return one spelling for texts that differ only in case, white space or composed accents."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _use(context: str) -> str:
    return f"seal {context}"


def _bound_to(key_id: str, context: str, row: str) -> bytes:
    """Return what the seal is bound to; NUL stands in none of the parts, so no two are alike."""
    return "\0".join((VERSION, key_id, context, row)).encode()


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decode(encoded: str) -> bytes:
    """Raises ValueError, also for what decodes but is not how it would have been encoded."""
    content = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    if _encode(content) != encoded:
        raise ValueError("not canonical")
    return content
