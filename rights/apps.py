from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RightsConfig(AppConfig):
    name = "rights"
    verbose_name = _("Rights of data subjects")

    def ready(self) -> None:
        # What follows from closings and reopenings, and where mails lead: jobs need it too.
        from rights import closed_copies  # noqa: F401
