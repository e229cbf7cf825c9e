from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class MemberField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Chooses a member of staff by name."""

    def __init__(self, **kwargs: Any) -> None:
        staff = User.objects.filter(is_staff=True).order_by("staff_name", "pk")
        super().__init__(staff, **{"label": _("Member of staff"), **kwargs})
