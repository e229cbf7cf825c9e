from common.errors import PortalError


class CallError(PortalError):
    pass


class AudioRefused(CallError):
    """A file that is no recording we take; the message says what would be."""


class RecordingKnown(CallError):
    """The portal has it, or had it until it was erased."""


class RecordingRefused(CallError):
    pass


class ErasureRefused(CallError):
    pass


class ImportRefused(CallError):
    """The list cannot be read as a whole; nothing of it was done."""
