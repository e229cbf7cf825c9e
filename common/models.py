from django.db import models
from django.utils.translation import gettext_lazy as _

from common.encryption.fields import EncryptedTextField, KeyId


class JobStatus(models.Model):
    """When a scheduled job last ran, for the admin and for catching up what was missed.

    Bookkeeping, so without history. Times are moments of this server.
    """

    name = models.CharField(_("job"), max_length=64, primary_key=True)
    started_at = models.DateTimeField(_("last started"), null=True)
    succeeded_at = models.DateTimeField(_("last succeeded"), null=True)
    succeeded_for = models.DateTimeField(
        _("done for"), null=True, help_text=_("The planned time that the last success served.")
    )
    error = models.CharField(
        _("last error"), max_length=64, blank=True, help_text=_("The kind of the last failure.")
    )

    class Meta:
        verbose_name = _("scheduled job")
        verbose_name_plural = _("scheduled jobs")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FileKey(models.Model):
    """The key of one owner's stored files. Without it no copy of them can be read, wherever it is.

    owner: the public id of a customer, or COMPANY. The key is sealed itself, so that rotating
    the ring leaves the files alone.
    """

    COMPANY = "company"

    owner = models.CharField(_("owner"), max_length=32, unique=True)
    key = EncryptedTextField(_("key"), row="owner", max_length=64)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("key of stored files")
        verbose_name_plural = _("keys of stored files")
        indexes = [
            # For the control encryption: what is not sealed under the current key.
            models.Index(KeyId("key"), name="filekey_key"),
        ]

    def __str__(self) -> str:
        return self.owner[:8]

    @property
    def secret(self) -> bytes:
        """Raises DecryptionError."""
        return bytes.fromhex(self.key)


class DoomedFile(models.Model):
    """A stored file that no committed row speaks of, and when it may be removed."""

    path = models.CharField(_("path"), max_length=100, unique=True)
    removable_at = models.DateTimeField(_("removable from"))

    class Meta:
        verbose_name = _("file to remove")
        verbose_name_plural = _("files to remove")

    def __str__(self) -> str:
        return f"{self.pk}"
