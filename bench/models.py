import pghistory

from accounts.models import Customer

Looks = pghistory.create_event_model(
    Customer,
    pghistory.ManualEvent("looked"),  # type: ignore[no-untyped-call]
    fields=["public_id"],
    abstract=True,
)


class Look(Looks):  # type: ignore[misc, valid-type]
    """An event of django-pghistory: somebody looked at a customer."""

    class Meta:
        app_label = "bench"

    def __str__(self) -> str:
        return f"{self.pk}"
