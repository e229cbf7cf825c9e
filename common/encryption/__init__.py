"""Encryption of what is stored, with keys that the environment names.

``keyring`` reads the keys, ``sealing`` seals texts, ``fields`` has columns of sealed texts.
"""

from common.encryption.sealing import DecryptionError, open_text, seal_text

__all__ = ["DecryptionError", "open_text", "seal_text"]
