"""Handing out a recording: whole, or the part that a player asks for.

Only the chunks of that part are decrypted, and while it is sent no connection to the
database is held: a long recording on a slow line occupies a thread and nothing else.
"""

from datetime import timedelta

from django.core import signing
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from accounts.merging import public_ids_of
from calls.models import LONGEST_CALL, CallRecording
from calls.ranges import NotSatisfiable, Part, asked_part
from common.attachments import Sent, shut
from common.files import open_stored

PAUSES = timedelta(minutes=15)  # beyond its length a recording may be stopped, and heard again
MOST_AT_ONCE = 1024 * 1024  # bytes of an answered range


def send_recording(
    request: HttpRequest, recording: CallRecording, *, as_attachment: bool = False
) -> HttpResponseBase:
    """Answer with the part that the request asks for, or its beginning.

    RFC 9110, 15.3.7 allows less than a range asks for. A player comes back for the rest when
    it needs that, so that one which listens slowly occupies no thread between.

    Raises FileUnreadable.
    """
    etag = f'"{recording.sha256}"'
    try:
        asked = _asked(request, size=recording.size, etag=etag)
    except NotSatisfiable:
        headers = {"Content-Range": f"bytes */{recording.size}"}
        return shut(HttpResponse(status=416, headers=headers))
    part = asked or Part(0, recording.size)
    response = shut(_body(request, recording, part))
    response.status_code = 206 if asked else 200
    response["Content-Type"] = recording.content_type
    response["Content-Length"] = part.end - part.start
    response["Content-Disposition"] = _disposition(recording, as_attachment)
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = etag
    if asked:
        response["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{recording.size}"
    return response


def _disposition(recording: CallRecording, as_attachment: bool) -> str:
    return content_disposition_header(as_attachment, recording.file_name) or "inline"


def _asked(request: HttpRequest, *, size: int, etag: str) -> Part | None:
    asked = asked_part(request.headers, size=size, etag=etag) if request.method == "GET" else None
    return asked and Part(asked.start, min(asked.end, asked.start + MOST_AT_ONCE))


def _body(request: HttpRequest, recording: CallRecording, part: Part) -> HttpResponseBase:
    if request.method == "HEAD":
        return HttpResponse()
    owner, *former = public_ids_of(recording.customer)
    stored = open_stored(str(recording.file), owner=owner, former=former)
    return StreamingHttpResponse(Sent(stored, *part))


# One playback by staff: recorded once, and heard through an address that ends with it


def playback_token(recording: CallRecording, session: str) -> str:
    """Return what opens the recording in this session (its key) for as long as it plays."""
    return _signer(session).sign(recording.public_id)


def recording_of(token: str, session: str) -> CallRecording | None:
    """Return the recording that a token opens in this session, None when it opens none."""
    try:
        public_id = _signer(session).unsign(token, max_age=LONGEST_CALL + PAUSES)
        recording = CallRecording.objects.select_related("customer").get(public_id=public_id)
        _signer(session).unsign(token, max_age=recording.duration + PAUSES)
    except (signing.BadSignature, CallRecording.DoesNotExist):
        return None
    return recording


def _signer(session: str) -> signing.TimestampSigner:
    """The session's key is part of the secret: a token says nothing of it, and serves no other."""
    return signing.TimestampSigner(salt=f"calls.playback {session}")
