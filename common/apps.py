from django.apps import AppConfig
from django.core import checks
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class CommonConfig(AppConfig):
    name = "common"
    verbose_name = _("Operation")

    def ready(self) -> None:
        from common.checks import check_every_personal_table_is_declared

        autodiscover_modules("personal_data", "tasks")
        checks.register(check_every_personal_table_is_declared, checks.Tags.models)
