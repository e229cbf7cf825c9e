from marketing.admin.issues import NewsletterIssueAdmin
from marketing.admin.systems import ApiClientAdmin

__all__ = ["ApiClientAdmin", "NewsletterIssueAdmin"]
