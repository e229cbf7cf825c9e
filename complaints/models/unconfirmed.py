from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.encryption.fields import EncryptedTextField, KeyId
from common.tokens import new_public_id
from complaints.models.complaints import ComplaintCategory


class UnconfirmedComplaint(models.Model):
    """A complaint that somebody sent without an account, until they confirm their address.

    Then it becomes a complaint, and the row goes. submission names the filled-in form, so that
    sending it twice makes one.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    submission = models.CharField(
        _("submission"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES)
    name = EncryptedTextField(_("name"), row="public_id")
    email = EncryptedTextField(_("email"), row="public_id")
    phone = EncryptedTextField(_("phone"), row="public_id", blank=True)
    category = models.CharField(_("about"), max_length=20, choices=ComplaintCategory)
    text = EncryptedTextField(_("complaint"), row="public_id")
    received_at = models.DateTimeField(_("received"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("unconfirmed complaint")
        verbose_name_plural = _("unconfirmed complaints")
        indexes = [
            # For the control encryption: what is not sealed under the current key.
            *(
                models.Index(KeyId(column), name=f"unconfirmed_{column}_key")
                for column in ("name", "email", "phone", "text")
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]
