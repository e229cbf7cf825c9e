from marketing.admin.issues import NewsletterIssueAdmin

__all__ = ["NewsletterIssueAdmin"]
