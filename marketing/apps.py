from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MarketingConfig(AppConfig):
    name = "marketing"
    verbose_name = _("Marketing")

    def ready(self) -> None:
        # What follows from decisions and closings, what lets mails leave, and what they say.
        from marketing import issues, permission, refusal, signals  # noqa: F401
