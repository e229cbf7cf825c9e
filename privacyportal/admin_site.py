from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from unfold.sites import UnfoldAdminSite


class PortalAdminSite(UnfoldAdminSite):  # type: ignore[misc]
    """The admin, entered through the portal's own sign-in.

    Django's login page knows no limit of tries, and answers sooner to a right
    password than to a wrong one.
    """

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect("home")  # a customer, who has no business here
        query = urlencode({"next": request.GET.get("next") or reverse("admin:index")})
        return redirect(f"{reverse('account_login')}?{query}")

    def admin_view(
        self, view: Callable[..., HttpResponse], cacheable: bool = False
    ) -> Callable[..., HttpResponse]:
        """Let the theme set style attributes; scripts stay as strict as everywhere."""
        relaxed = csp_update({"style-src": [SELF, UNSAFE_INLINE]})
        return relaxed(super().admin_view(view, cacheable))  # type: ignore[no-any-return]
