"""How the desk looks: style, script, and a sidebar of what the person may open."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.approvals import asks_customers_first
from common.personal_data import DataCategory
from complaints.models import Complaint
from policies.categories import is_dealt_with

Link = tuple[str | Promise, str, str]
"""Title, icon, and "app.model" whose list it opens for whoever may view that."""

GROUPS: tuple[tuple[str | Promise, tuple[Link, ...]], ...] = (
    (
        _("Casework"),
        (
            (_("Complaints"), "inbox", "complaints.complaint"),
            (_("Reply templates"), "quickreply", "complaints.replytemplate"),
            (_("Enquiries"), "forum", "enquiries.enquiry"),
            (_("Unauthorised use"), "gpp_bad", "incidents.unauthoriseduse"),
        ),
    ),
    (
        _("Customers"),
        (
            (_("Customers"), "person", "accounts.customer"),
            (_("Merges of records"), "merge", "accounts.customermerge"),
            (_("Identity checks"), "id_card", "accounts.identitycheck"),
            (_("Requests for approval"), "contact_support", "accounts.accessapproval"),
            (_("Emergency accesses"), "emergency", "accounts.emergencyaccess"),
            (_("Orders of secrecy"), "lock_clock", "accounts.secrecyorder"),
            (_("Call recordings"), "call", "calls.callrecording"),
            (_("Hosted services"), "dns", "hosting.hostedservice"),
            (_("Backups to confirm"), "backup", "hosting.backuprequest"),
        ),
    ),
    (
        _("Retention"),
        (
            (_("Retention rules"), "rule", "policies.retentionrule"),
            (_("Schedule of deletions"), "event_busy", "retention.schedule"),
            (_("Legal holds"), "gavel", "retention.legalhold"),
            (_("Idle accounts"), "hourglass_empty", "retention.necessityreview"),
            (_("Approvals to delete"), "approval", "retention.purgeapproval"),
            (_("Purge runs"), "auto_delete", "retention.purgerun"),
            (_("Failed erasures"), "error", "retention.purgefailure"),
            (_("Tombstones"), "person_off", "retention.tombstone"),
            (_("Orphans"), "person_search", "retention.orphanreport"),
            (_("Statistics of deleted data"), "query_stats", "retention.retentionstatistic"),
            (_("Restore rehearsals"), "settings_backup_restore", "retention.restorerehearsal"),
            (_("Orders to systems"), "outbox", "downstream.order"),
            (_("Systems that get orders"), "hub", "downstream.system"),
            (_("Erased enquiries"), "comments_disabled", "enquiries.erasedenquiries"),
        ),
    ),
    (
        _("Policy"),
        (
            (_("Promises"), "handshake", "policies.promise"),
            (_("Company"), "domain", "policies.company"),
            (_("Policy versions"), "description", "policies.policyversion"),
            (_("Policy announcements"), "campaign", "accounts.policyannouncement"),
            (_("Purposes"), "target", "policies.purpose"),
            (_("Declared details"), "list_alt", "policies.declaredfield"),
            (_("Recipients"), "group", "policies.recipient"),
            (_("Time limits"), "timer", "policies.timelimit"),
            (_("Official calendar"), "calendar_month", "policies.officialday"),
        ),
    ),
    (
        _("Marketing"),
        (
            (_("Newsletter issues"), "newspaper", "marketing.newsletterissue"),
            (_("Systems that may ask"), "hub", "marketing.apiclient"),
        ),
    ),
    (
        _("Access"),
        (
            (_("Access records"), "visibility", "access.accessrecord"),
            (_("Seals"), "verified", "access.accessseal"),
            (_("Verifications"), "fact_check", "access.accessverification"),
            (_("Members of staff"), "badge", "accounts.user"),
            (_("Undertakings"), "history_edu", "staff.undertaking"),
            (_("Texts of the undertaking"), "contract", "staff.undertakingtext"),
            (_("Misuse"), "report", "staff.misuse"),
            (_("Reviews of rights"), "fact_check", "staff.rightsreview"),
            (_("Unusual accesses"), "troubleshoot", "staff.unusualaccess"),
            (_("Flagged records"), "flag", "staff.flaggedrecord"),
        ),
    ),
    (
        _("Operation"),
        (
            (_("Scheduled jobs"), "schedule", "common.jobstatus"),
            (_("Notices"), "mail", "notices.notice"),
            (_("Visits"), "monitoring", "visits.pageday"),
        ),
    ),
)

MOST_TOLD = 99
OF_SOME_COMPANIES: dict[str, Callable[[], bool]] = {
    "accounts.accessapproval": asks_customers_first,
    "calls.callrecording": partial(is_dealt_with, DataCategory.CALL_RECORDING),
    "hosting.hostedservice": partial(is_dealt_with, DataCategory.HOSTED_CONTENT),
    "hosting.backuprequest": partial(is_dealt_with, DataCategory.HOSTED_CONTENT),
}


def stylesheet(request: HttpRequest) -> str:
    return static("admin_theme/admin.css")


def script(request: HttpRequest) -> str:
    return static("admin_theme/admin.js")


def submit_once(request: HttpRequest) -> str:
    return static("js/submit-once.js")


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    absent = _absent()
    groups = [
        {
            "title": title,
            "items": [_item(request, *link) for link in _allowed(request, links, absent)],
        }
        for title, links in GROUPS
    ]
    return [group for group in groups if group["items"]]


def _allowed(request: HttpRequest, links: tuple[Link, ...], absent: set[str]) -> list[Link]:
    def may_view(label: str) -> bool:
        app, _dot, model = label.partition(".")
        return request.user.has_perm(f"{app}.view_{model}")

    return [link for link in links if link[2] not in absent and may_view(link[2])]


def _absent() -> set[str]:
    """Return of what kinds the company has nothing, asked once a minute."""

    def ask() -> set[str]:
        return {label for label, applies in OF_SOME_COMPANIES.items() if not applies()}

    return cache.get_or_set("absent", ask, timeout=60) or set()


def _item(request: HttpRequest, title: str | Promise, icon: str, label: str) -> dict[str, Any]:
    item = {
        "title": title,
        "icon": icon,
        "link": reverse(f"admin:{label.replace('.', '_')}_changelist"),
    }
    if label == "complaints.complaint" and (late := _late_complaints(request)):
        item["badge"] = f"{MOST_TOLD}+" if late > MOST_TOLD else str(late)
    return item


def _late_complaints(request: HttpRequest) -> int:
    """Count what is overdue of what they may read, no further than is told: it is on each page."""
    late = Complaint.objects.overdue().readable_by(request.user)
    return late[: MOST_TOLD + 1].count()
