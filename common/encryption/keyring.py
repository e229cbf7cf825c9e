"""The master keys, and the keys derived from them, one for each use."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.core.exceptions import ImproperlyConfigured

KEY_BYTES = 32
KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,32}")
KEY = re.compile(r"[A-Za-z0-9_-]{43}=?")  # 32 bytes in base64url, with or without its padding


@dataclass(frozen=True)
class KeyRing:
    """Master keys by their id: the first one seals, each of them opens.

    An id stands in clear beside whatever its key has sealed, and is never used for another key.
    """

    keys: Mapping[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """Return the id of the key that seals."""
        return next(iter(self.keys))

    def derive(self, key_id: str, use: str) -> bytes:
        """Return 32 bytes for one use; knowing them tells nothing about the key of another use.

        Raises KeyError for an id that is not on the ring.
        """
        return _derive(self.keys[key_id], use)


def parse_key_ring(text: str) -> KeyRing:
    """Raises ImproperlyConfigured."""
    return KeyRing(parse_keys("ENCRYPTION_KEYS", text))


def parse_keys(setting: str, text: str) -> dict[str, bytes]:
    """Read "id:key,id:key", where a key is 32 bytes in base64url.

    Raises ImproperlyConfigured, without a word of any key.
    """
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.split(","), start=1):
        key_id, _colon, encoded = entry.strip().partition(":")
        if not KEY_ID.fullmatch(key_id) or not KEY.fullmatch(encoded):
            raise ImproperlyConfigured(
                f"{setting}: entry {number} must read like id:key, the id of at most 32"
                " letters and digits, the key of 32 random bytes in base64url (43 characters)."
            )
        key = base64.urlsafe_b64decode(encoded[:43] + "=")
        if key_id in keys or key in keys.values():
            raise ImproperlyConfigured(f"{setting}: entry {number} repeats an id or a key.")
        keys[key_id] = key
    return keys


@lru_cache(maxsize=256)
def _derive(master: bytes, use: str) -> bytes:
    info = f"privacyportal {use}".encode()
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)
