from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class RetentionConfig(AppConfig):
    name = "retention"
    verbose_name = _("Retention")

    def ready(self) -> None:
        # What the warnings say, and to whom they go: the sender needs it too.
        from retention import warnings  # noqa: F401

        autodiscover_modules("orphans")
