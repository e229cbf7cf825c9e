from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

WHOLE_PORTAL = ""  # the page under which all pages count together


class PageDay(models.Model):
    """How often a page was opened on a local day, and from how many networks.

    page: the name of its route, or WHOLE_PORTAL, of whose networks each counts once.
    networks: different /24 (IPv4) or /48 (IPv6) networks, about: 1 % off is usual.
    batch: names the last counts that were added, so that none is added twice.
    """

    page = models.CharField(_("page"), max_length=80)
    day = models.DateField(_("day"))
    views = models.PositiveIntegerField(_("views"))
    networks = models.PositiveIntegerField(_("networks"))
    batch = models.CharField(_("last batch"), max_length=32)

    class Meta:
        verbose_name = _("page and day")
        verbose_name_plural = _("visits")
        ordering = ["-day", "page"]
        constraints = [
            # Its index is for the charts and the sweep, which ask for the days of a period.
            models.UniqueConstraint(name="pageday_once", fields=["day", "page"]),
            models.CheckConstraint(
                name="pageday_networks_within_views", condition=Q(networks__lte=F("views"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.day}"
