from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Customers")

    def ready(self) -> None:
        # The signals, and what some mails say: the sender needs it too.
        from accounts import (  # noqa: F401
            announcements,
            assistance,
            closed_pages,
            consent_expiry,
            second_factor,
            signals,
            staff_locking,
        )
