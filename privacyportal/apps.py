import gc

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "privacyportal"
    verbose_name = _("Privacy portal")
    default = True

    def ready(self) -> None:
        from privacyportal.roles import grant_roles

        # Of our rooms `common` is migrated last, so each one has its permissions by then.
        post_migrate.connect(grant_roles, sender=apps.get_app_config("common"))
        gc.collect()
        gc.freeze()  # what is imported by now stays: the collector need not look through it again


class PortalAdminConfig(admin_apps.AdminConfig):
    default_site = "privacyportal.admin_site.PortalAdminSite"
    default = False
