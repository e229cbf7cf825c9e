"""Systems that may ask, at the administrator's desk."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _

from common.admin import ReadOnlyAdmin, themed
from common.errors import PortalError
from common.forms import LineField
from marketing import systems
from marketing.models import ApiClient

ADD = "marketing.add_apiclient"
CHANGE = "marketing.change_apiclient"
CREATED = "admin/marketing/apiclient/created.html"


class SystemForm(forms.Form):
    name = LineField(
        label=_("Name of the system"),
        max_length=100,
        help_text=_("As its people call it. Customers see that a system of the company asked."),
    )


@admin.register(ApiClient)
class ApiClientAdmin(ReadOnlyAdmin):
    add_permission = ADD
    list_display = ["name", "created_at", "last_asked_at", "revoked_at"]
    fields = ["name", "created_at", "last_asked_at", "revoked_at"]
    sortable_by = ()
    change_form_outer_after_template = "admin/marketing/apiclient/after.html"

    def get_urls(self) -> list[URLPattern]:
        return [self.step_path("revoke", self._revoke), *super().get_urls()]

    def add_row(self, request: HttpRequest) -> HttpResponse:
        """Register a system and show its key, this once."""
        form = themed(SystemForm(request.POST if request.method == "POST" else None))
        by: Any = request.user
        if form.is_valid():
            try:
                system, key = systems.add_system(form.cleaned_data["name"], by=by)
            except PortalError as error:
                form.add_error("name", str(error))
            else:
                return self._page(request, CREATED, system=system, key=key)
        return self._page(request, "admin/step.html", form=form)

    def _page(self, request: HttpRequest, template: str, **context: Any) -> HttpResponse:
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "title": _("Add a system"),
                "opts": self.opts,
                "back": reverse("admin:marketing_apiclient_changelist"),
                **context,
            },
        )

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        system = context["original"]
        context["may_revoke"] = system.revoked_at is None and request.user.has_perm(CHANGE)
        return super().render_change_form(  # type: ignore[no-any-return]
            request, context, *args, **kwargs
        )

    def _revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=systems.revoke_system,
            title=_("Revoke the key"),
            done=_("The system gets no more answers."),
        )
