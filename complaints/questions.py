"""Which accesses a customer has called into question, for the page that shows them all."""

from collections.abc import Collection

from accounts.looks import finds_questions
from accounts.models import Customer
from complaints.models import Complaint, QuestionedAccess


@finds_questions
def complaints_about(customer: Customer, records: Collection[int]) -> dict[int, Complaint]:
    """Return the newest complaint about each record that is in question."""
    rows = QuestionedAccess.objects.filter(record__in=records, complaint__customer=customer)
    return {row.record_id: row.complaint for row in rows.select_related("complaint").order_by("pk")}
