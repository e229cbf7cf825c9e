from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EnquiriesConfig(AppConfig):
    name = "enquiries"
    verbose_name = _("Enquiries")

    def ready(self) -> None:
        # What follows from closings, to whom mails go and what they say: jobs need it too.
        from enquiries import mails, senders  # noqa: F401
