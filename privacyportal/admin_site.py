import logging
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from privacyportal import dashboard

logger = logging.getLogger(__name__)


class PortalAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """The admin, entered through the portal's own sign-in.

    Django's login page knows no limit of tries, and answers sooner to a right
    password than to a wrong one.
    """

    index_title = _("Overview")
    site_title = site_header = _("Privacy portal")
    empty_value_display = "–"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take the portal's own admins alone; a library's shows people unmasked, unrecorded."""
        if admin_class is not None and issubclass(admin_class, ModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def has_permission(self, request: HttpRequest) -> bool:
        may = bool(super().has_permission(request))
        if not may and request.user.is_authenticated:
            logger.warning("a sign-in without the right to it asked for the desk")
        return may

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect("home")  # a customer, who has no business here
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('account_login')}?{query}")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response = super().logout(request, extra_context)
        return redirect("home") if response.status_code == HTTPStatus.OK else response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Ask for each table's permissions where it is drawn; each page's sidebar is our own."""
        return SimpleLazyObject(partial(super().get_app_list, request, app_label))

    def get_urls(self) -> list[Any]:
        """Leave out the redirect to a customer's own page, which tells its address to all staff."""
        return [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        raise Http404  # would find customers for any form, and record nothing

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context = {
            "figures": dashboard.figures(request),
            "own_complaints": dashboard.own_complaints(request),
            "undertaking": dashboard.undertaking_to_sign(request),
            **(extra_context or {}),
        }
        return super().index(request, context)  # type: ignore[no-any-return]

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Any:
        """Let the theme set style attributes; scripts stay as strict as everywhere."""
        relaxed = csp_update({"style-src": [SELF, UNSAFE_INLINE]})
        return relaxed(super().admin_view(view, cacheable))
