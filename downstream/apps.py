from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DownstreamConfig(AppConfig):
    name = "downstream"
    verbose_name = _("Other systems")

    def ready(self) -> None:
        import downstream.causes  # noqa: F401 -- it follows what happens to customers
