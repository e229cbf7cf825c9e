from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Customers")

    def ready(self) -> None:
        # The signals, and what the mail about a new version says: the sender needs it too.
        from accounts import announcements, signals  # noqa: F401
