import secrets
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer


def new_public_id() -> str:
    """Return 128 random bits as 32 hexadecimal digits, for a name that is never reused.

    Source: OWASP ASVS 5.0.0, 11.5.1 (a UUID4 has only 122 random bits).
    """
    return secrets.token_hex(16)


@dataclass(frozen=True)
class LinkSigner:
    """Signs what the links of one kind of mail say, with the portal's secret."""

    salt: str

    def sign(self, said: str) -> str:
        return self._signer().sign(said)

    def read(self, token: str) -> str:
        """Return what a link says, or nothing where it is none of ours."""
        try:
            return self._signer().unsign(token)
        except BadSignature:
            return ""

    def _signer(self) -> Signer:
        return Signer(salt=self.salt, sep=".")  # a colon ends some programs' links
