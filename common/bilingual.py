from typing import Any

from django.conf import settings
from django.utils.translation import get_language


class Bilingual:
    """Read ``name`` as ``name_vi`` or ``name_en``, whichever the reader's language asks for.

    The policies, purposes and companies are data of the deployment, so their
    two languages are two columns, not gettext.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        language = (get_language() or settings.LANGUAGE_CODE)[:2]
        return getattr(instance, f"{self.name}_{language}")
