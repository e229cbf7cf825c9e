from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IncidentsConfig(AppConfig):
    name = "incidents"
    verbose_name = _("Security incidents")

    def ready(self) -> None:
        from incidents import mails  # noqa: F401 -- what a mail says: the sender needs it too
