"""How much a request may bring, and how its files are received."""

import io
import logging
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.shortcuts import render

View = TypeVar("View", bound=Callable[..., Any])

logger = logging.getLogger(__name__)

SMALL_BODY = 2 * settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # of fields as much as of files

NAMELESS = "\N{ZERO WIDTH SPACE}"  # no sender's: the parser strips what cannot be printed
LONGEST_EPILOGUE = 100  # a line break or two: browsers send no more after the last boundary


def receives_files(most_bytes: int, *, by: str = "is_staff") -> Callable[[View], View]:
    """Let a view receive files of so many bytes together, from users who are ``by``."""

    def mark(view: View) -> View:
        view.receives = most_bytes, by  # type: ignore[attr-defined]
        return view

    return mark


class BodySizeMiddleware:
    """Refuse more than the view receives from whoever asks, before any of it is read.

    Must stand before the protection against CSRF, which reads the form.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, *args: Any) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or ""
        size = int(length) if length.isdecimal() else 0  # as Django reads it: none, no body
        if size <= SMALL_BODY:
            return None
        most, by = getattr(view, "receives", (0, ""))
        asks_itself = getattr(view, "csrf_exempt", False)  # before anything is read
        if size <= SMALL_BODY + most and (asks_itself or getattr(request.user, by, False)):
            return None
        return render(request, "413.html", status=413)


class LostFile(UploadedFile):  # type: ignore[type-arg]
    """Stands for a file that could not be received; without content, for the form to refuse."""

    def __init__(self, name: str | None, size: int) -> None:
        super().__init__(io.BytesIO(), name, size=size)


class NamelessFilesHandler(FileUploadHandler):
    """Keep files whose name is nothing but dots and slashes, for the form to refuse.

    Django's parser drops them without a word, and the sender would believe that
    they arrived; so it does with the last file of a request that was cut, which
    is therefore refused. An empty name, which a browser sends when no file was
    chosen, is still no file. Must be the first of FILE_UPLOAD_HANDLERS.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],
        content_length: int,
        boundary: Any,
        encoding: str | None = None,
    ) -> Any:
        handlers = self.request.upload_handlers if self.request else []
        others = [handler for handler in handlers if handler is not self]
        body: Any = _Watched(input_data, boundary)
        fields, files = _Parser(META, body, others, encoding).parse()
        if body.is_whole:
            return fields, files
        for _field, received in files.lists():
            for file in received:
                file.close()
        raise MultiPartParserError("The request was cut, or a file in it has no name.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class _Parser(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        return super().sanitize_file_name(file_name) or NAMELESS


class _Watched:
    """The body of a request, looked at while the parser reads it."""

    OVERLAP = 4096  # of a piece with the next: a part's headers are no longer

    def __init__(self, stream: Any, boundary: bytes) -> None:
        self._stream = stream
        self._seen = b""
        self._end = b"--%s--" % boundary
        line = rb"[^\r\n]{1,500}\r\n"
        unnamed = rb'[^\r\n]{1,500}; *filename=(?:"" *)?(?:;[^\r\n]{0,500})?\r\n'
        start = rb"--%s\r\n(?:%s){0,3}?" % (re.escape(boundary), line)
        content = rb"(?:%s){0,3}\r\n(?!\r\n--)[\s\S]{4}" % line
        self._unnamed = re.compile(start + unnamed + content)
        self._has_unnamed_content = False

    def read(self, size: int) -> bytes:
        piece: bytes = self._stream.read(size)
        self._seen = self._seen[-self.OVERLAP :] + piece
        if not self._has_unnamed_content and self._unnamed.search(self._seen):
            self._has_unnamed_content = True
        return piece

    @property
    def is_whole(self) -> bool:
        """Say whether the last boundary was read, and a name with the content of each file."""
        has_ended = self._end in self._seen[-len(self._end) - LONGEST_EPILOGUE :]
        return has_ended and not self._has_unnamed_content


class SteadyTemporaryFileHandler(TemporaryFileUploadHandler):
    """Receive large files on the disk; where it is full, hand on a LostFile and read on.

    They have no name there: nobody else opens one, and a killed process leaves none behind.
    """

    file: Any = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = None
        with self._losing():
            self.file = UploadedFile(
                tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR),  # noqa: SIM115 -- the request closes it
                self.file_name,
                self.content_type,
                0,
                self.charset,
                self.content_type_extra,
            )

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.file:
            with self._losing():
                self.file.write(raw_data)

    def file_complete(self, file_size: int) -> Any:
        with self._losing():
            if self.file:
                return super().file_complete(file_size)
        return LostFile(self.file_name, file_size)

    def upload_interrupted(self) -> None:
        if self.file:
            self.file.close()

    @contextmanager
    def _losing(self) -> Iterator[None]:
        """Give the file up when it cannot be written, and free what it took."""
        try:
            yield
        except OSError as error:
            logger.error("an upload cannot be received: %s", error.strerror)
            if self.file:
                with suppress(OSError):
                    self.file.close()
            self.file = None
