"""What allauth asks of the portal: which addresses pass, how mails leave, where people land."""

from http import HTTPStatus
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation

from access.gate import lacks_undertaking
from accounts.models import User
from common.text import clean_email
from notices.services import queue_rendered
from policies.models import PolicyVersion


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Take sign-ups once the company has a policy that they could accept."""
        try:
            PolicyVersion.objects.current()
        except PolicyVersion.DoesNotExist:
            return False
        return True

    def clean_email(self, email: str) -> str:
        return clean_email(email)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Leave the mail to the outbox, so that a known address takes no longer than another."""
        language = getattr(context.get("user"), "language", None) or translation.get_language()
        with translation.override(language):
            message = self.render_mail(template_prefix, email, {"email": email, **context})
        queue_rendered(
            "sign_in",
            address=email,
            subject=str(message.subject),
            body=str(message.body),
        )

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Say that the sign-in is locked to whoever knows its password, and to nobody else."""
        if user.locked_at is not None:
            clear_login(request)
            if user.is_staff:
                return render(request, "403_locked.html", status=HTTPStatus.FORBIDDEN)
            return redirect("account_locked")
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    @transaction.atomic
    def set_password(self, user: User, password: str) -> None:
        """Write the password alone: the whole row would undo a lock or a closing of meanwhile."""
        user.refresh_from_db(from_queryset=User.objects.select_for_update())
        user.set_password(password)
        user.save(update_fields=["password"])

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        user: Any = request.user
        if user.is_staff and lacks_undertaking(user):
            return reverse("admin:staff_undertaking_sign")
        return reverse("admin:index" if user.is_staff else "overview")
