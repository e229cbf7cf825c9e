from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "privacyportal"
    verbose_name = _("Privacy portal")
    default = True

    def ready(self) -> None:
        from privacyportal.roles import grant_roles

        post_migrate.connect(grant_roles, sender=self)


class PortalAdminConfig(admin_apps.AdminConfig):
    default_site = "privacyportal.admin_site.PortalAdminSite"
    default = False
