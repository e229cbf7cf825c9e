from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        # What follows from a decision, wherever it is made.
        from marketing import signals, suppression  # noqa: F401
