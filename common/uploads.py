from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MultiPartParser

NAMELESS = "\N{ZERO WIDTH SPACE}"  # no sender's: the parser strips what cannot be printed


class NamelessFilesHandler(FileUploadHandler):
    """Keep files whose name is nothing but dots and slashes, for the form to refuse.

    Django's parser drops them without a word, and the sender would believe that
    they arrived. An empty name, which a browser sends when no file was chosen,
    is still no file. Must be the first of FILE_UPLOAD_HANDLERS.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: dict[str, str],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> Any:
        handlers = self.request.upload_handlers if self.request else []
        others = [handler for handler in handlers if handler is not self]
        return _Parser(META, input_data, others, encoding).parse()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


class _Parser(MultiPartParser):
    def sanitize_file_name(self, file_name: str) -> str:
        return super().sanitize_file_name(file_name) or NAMELESS
