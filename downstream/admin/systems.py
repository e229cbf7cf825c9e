"""Systems that get orders, at the administrator's desk."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from common.admin import ReadOnlyAdmin, Text, badge, named
from common.personal_data import DataCategory
from downstream import systems
from downstream.addresses import FORBIDDEN, INSIDE
from downstream.admin.forms import NewSecretForm, SystemForm
from downstream.delivery import send_test
from downstream.exceptions import SystemRefused
from downstream.models import Order, OrderKind, System
from policies.counting import local_day
from policies.promise_counting import CountRows

ADD = "downstream.add_system"
CHANGE = "downstream.change_system"
SECRET = "admin/downstream/system/secret.html"  # noqa: S105 -- a template


@admin.register(System)
class SystemAdmin(ReadOnlyAdmin):
    add_permission = ADD
    list_display = ["name", "takes_orders", "late", named("responsible", _("responsible"))]
    fields = [
        "name",
        "purposes_text",
        "data_text",
        "kinds_text",
        "endpoint",
        "takes_orders",
        "days",
        "contact",
        named("responsible", _("responsible")),
        "previous_until",
        "retired_at",
    ]
    sortable_by = ()
    list_select_related = ["responsible"]
    actions_detail = ["edit", "test", "renew", "resume", "retire"]

    def get_queryset(self, request: HttpRequest) -> Any:
        rows: Any = super().get_queryset(request)
        late = Order.objects.late(local_day(timezone.now())).filter(system=OuterRef("pk"))
        return rows.annotate(late=CountRows(late.values("pk")))

    @admin.display(description=_("late orders"))
    def late(self, system: Any) -> int:
        return int(system.late)

    @badge(description=_("takes orders"), tones={"yes": "success", "hand": "info", "no": "danger"})
    def takes_orders(self, system: System) -> tuple[str, Text]:
        if system.retired_at is not None:
            return "no", _("no longer used")
        if system.disabled_at is not None:
            return "no", _("no: it answers that it is gone")
        return ("yes", _("yes")) if system.endpoint else ("hand", _("by hand"))

    @admin.display(description=_("purposes"))
    def purposes_text(self, system: System) -> str:
        return ", ".join(str(purpose.name) for purpose in system.purposes.all()) or "–"

    @admin.display(description=_("data held beyond these purposes"))
    def data_text(self, system: System) -> str:
        return ", ".join(str(DataCategory(each).label) for each in system.data_categories) or "–"

    @admin.display(description=_("orders"))
    def kinds_text(self, system: System) -> str:
        return ", ".join(str(OrderKind(each).label) for each in system.kinds)

    def add_row(self, request: HttpRequest) -> HttpResponse:
        by: Any = request.user
        return self._with_secret(
            request,
            form_class=SystemForm,
            act=lambda purposes, **values: systems.save_system(
                None, values=values, purposes=purposes, by=by
            ),
            title=_("Add a system"),
            back=reverse("admin:downstream_system_changelist"),
            is_grave=True,
        )

    # Steps

    def has_edit_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        return bool(request.user.has_perm(CHANGE))

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        if row.retired_at is not None:
            return False
        return {
            "resume": row.disabled_at is not None,
            "test": bool(row.endpoint),
            "renew": bool(row.endpoint),
        }.get(step, True)

    @action(description=_("Change"), icon="edit", permissions=["edit"])  # type: ignore[untyped-decorator]
    def edit(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_row(request, object_id, CHANGE)
        by: Any = request.user
        names = [name for name in SystemForm.base_fields if name != "purposes"]
        return self.form_view(
            request,
            form_class=SystemForm,
            act=lambda purposes, **values: systems.save_system(
                row, values=values, purposes=purposes, by=by
            ),
            initial={
                **{name: getattr(row, name) for name in names},
                "purposes": row.purposes.all(),
            },
            title=_("Change"),
            done=_("The change is saved."),
            back=self.page_of(row),
            object=row,
            is_grave=True,
        )

    @action(description=_("Send a test"), icon="send", permissions=["edit"])  # type: ignore[untyped-decorator]
    def test(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=lambda system, by: _test(system),
            title=_("Send a test"),
            done=_("The system took the test."),
            note=_("A signed message without an order goes to the system now, once."),
        )

    @action(description=_("New secret"), icon="key", permissions=["edit"])  # type: ignore[untyped-decorator]
    def renew(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row: System = self.get_row(request, object_id, CHANGE)
        by: Any = request.user

        def act(**said: bool) -> System:
            systems.renew_secret(row, by=by, **said)
            return row

        return self._with_secret(
            request,
            form_class=NewSecretForm,
            act=act,
            title=_("New secret"),
            back=self.page_of(row),
            note=_(
                "For seven days both secrets sign, or until the system uses the new one; then the"
                " one before is forgotten."
            ),
            object=row,
            is_grave=True,
        )

    @action(description=_("Send orders again"), icon="play_arrow", permissions=["edit"])  # type: ignore[untyped-decorator]
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=systems.resume_system,
            title=_("Send orders again"),
            done=_("The system gets orders again, those first that nobody carried out."),
            is_grave=True,
        )

    @action(description=_("Retire"), icon="archive", permissions=["edit"])  # type: ignore[untyped-decorator]
    def retire(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self.step_view(
            request,
            object_id,
            permission=CHANGE,
            step=systems.retire_system,
            title=_("Retire"),
            done=_("Nothing more is ordered from the system."),
            is_grave=True,
        )

    def _with_secret(
        self, request: HttpRequest, *, act: Any, back: str, **view: Any
    ) -> HttpResponse:
        """Show a form; when it is filled in, show the secret of the system once, not kept in a
        message, nor in an address."""
        made: list[System] = []
        answer = self.form_view(
            request,
            act=lambda **values: made.append(act(**values)),
            done=_("The secret is made."),
            back=back,
            **view,
        )
        if not made:
            return answer
        context = {
            **self.admin_site.each_context(request),
            "title": view["title"],
            "opts": self.opts,
            "system": made[0],
            "secret": made[0].secret if made[0].endpoint else "",
            "back": self.page_of(made[0]),
        }
        return TemplateResponse(request, SECRET, context)


def _test(system: System) -> None:
    """Raises SystemRefused, with what came back, where the system did not take it."""
    came = send_test(system)
    if came == FORBIDDEN:
        raise SystemRefused(INSIDE)
    if not came.startswith("HTTP 2"):
        raise SystemRefused(_("The system did not take the test: %s.") % came)
