from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from common.antivirus import ScanState
from common.tokens import new_public_id


def evidence_path(evidence: "Evidence", filename: str) -> str:
    """Return a random place; the name that the sender gave never reaches the file system."""
    return f"evidence/{evidence.public_id[:2]}/{evidence.public_id}"


EVIDENCE_INFECTED = "evidence_infected"  # the code of the event


class Evidence(models.Model):
    """A file that came with a case.

    Pictures are kept without what is hidden in them, so sha256, that of the file
    as it was sent, is what a sender can compare; size is of the file kept. scan_tried_at is when
    the scanner last gave no verdict: then others come first.
    """

    public_id = models.CharField(
        _("public id"), max_length=32, unique=True, default=new_public_id, editable=False
    )
    case = models.ForeignKey(
        "casework.Case", on_delete=models.PROTECT, related_name="evidence", verbose_name=_("case")
    )
    name = models.CharField(_("file name"), max_length=100)
    content_type = models.CharField(_("type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField("SHA-256", max_length=64, help_text=_("Of the file as it was sent."))
    file = models.FileField(_("file"), upload_to=evidence_path, max_length=100)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)
    has_active_content = models.BooleanField(
        _("active content"),
        default=False,
        help_text=_("It may run, load or hold something, or cannot be looked through."),
    )
    scan_state = models.CharField(
        _("virus scan"), max_length=20, choices=ScanState, default=ScanState.NOT_SCANNED
    )
    scan_tried_at = models.DateTimeField(_("scan tried"), null=True, editable=False)

    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["scan_tried_at"])

    class Meta:
        verbose_name = _("evidence file")
        verbose_name_plural = _("evidence files")
        ordering = ["pk"]
        indexes = [
            # For the scan of what waits for the scanner: not tried yet, then the newest.
            models.Index(
                F("scan_tried_at").asc(nulls_first=True),
                F("id").desc(),
                name="evidence_waits_for_scan",
                condition=Q(scan_state=ScanState.NOT_SCANNED),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id[:8]

    @property
    def is_quarantined(self) -> bool:
        return self.scan_state == ScanState.INFECTED

    @property
    def file_name(self) -> str:
        return self.name
