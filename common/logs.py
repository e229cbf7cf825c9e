"""Logs tell what happened and where in the code, never about whom.

The text of an exception can hold anything: PostgreSQL quotes the row that it
refuses. So a traceback is logged with its places and kinds, without that text.
"""

import logging
from traceback import TracebackException, format_list
from types import TracebackType

from common.requests import request_id


class AddRequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get() or "-"
        return True


class HideTaskErrors(logging.Filter):
    """Cut the exception of a failed Celery task down to its kind."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, dict) and "exc" in record.args:
            kind = str(record.args["exc"]).partition("(")[0]
            record.args = {**record.args, "exc": kind, "traceback": ""}
        return True


class PlacesOnly(logging.Formatter):
    """Write an exception as its places and kinds."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        kind, error, trace = ei
        if kind is None or error is None:
            return ""
        return "\n".join(_told(TracebackException(kind, error, trace)))


def _told(error: TracebackException | None) -> list[str]:
    """Return the exceptions that led to ``error``, the first one first."""
    if error is None:
        return []
    before = _told(error.__cause__ or error.__context__)
    kind = error.exc_type_str if hasattr(error, "exc_type_str") else str(error.exc_type)
    return [*before, "".join(format_list(error.stack)).rstrip(), kind]
