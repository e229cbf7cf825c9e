"""Which recordings are taken: judged by their first bytes while they pass by."""

import hashlib

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from calls.exceptions import AudioRefused
from calls.models import AudioType
from common.encryption.files import Readable

HEAD_BYTES = 64
M4A_BRANDS = (b"M4A ", b"M4B ", b"mp42", b"isom")  # telephone systems write all of them


class CheckedAudio:
    """A recording that is measured as it is read, once and from its beginning.

    Raises AudioRefused at once for what is no audio, and while reading for what is too large.
    """

    def __init__(self, audio: Readable) -> None:
        self._audio = audio
        self._head = audio.read(HEAD_BYTES)
        self._digest = hashlib.sha256()
        self.content_type = type_of(self._head)
        self.size = 0

    def read(self, size: int, /) -> bytes:
        piece, self._head = self._head[:size], self._head[size:]
        piece = piece or self._audio.read(size)
        self.size += len(piece)
        if self.size > settings.CALL_RECORDING_MAX_BYTES:
            raise AudioRefused(
                _("The recording is larger than %(most)s.")
                % {"most": filesizeformat(settings.CALL_RECORDING_MAX_BYTES)}
            )
        self._digest.update(piece)
        return piece

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


def type_of(head: bytes) -> AudioType:
    """Raises AudioRefused."""
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return AudioType.WAV
    if head[4:8] == b"ftyp" and head[8:12] in M4A_BRANDS:
        return AudioType.M4A
    if head[:3] == b"ID3" or _begins_mp3_frame(head):
        return AudioType.MP3
    raise AudioRefused(_("This is no recording that we can take. Send MP3, M4A or WAV."))


def _begins_mp3_frame(head: bytes) -> bool:
    """Say whether a frame of MPEG audio, layer III, begins here.

    Source: ISO/IEC 11172-3, 2.4.1.3.
    """
    if len(head) < 4:
        return False
    sync = head[0] == 0xFF and head[1] & 0xE0 == 0xE0
    version, layer = head[1] >> 3 & 0b11, head[1] >> 1 & 0b11
    bitrate, sampling = head[2] >> 4, head[2] >> 2 & 0b11
    return sync and version != 0b01 and layer == 0b01 and 0 < bitrate < 15 and sampling != 0b11
