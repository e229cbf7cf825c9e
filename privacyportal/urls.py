from django.contrib import admin
from django.urls import include, path

from accounts.views import devices
from complaints.late_views import write
from policies.promise_views import promises
from privacyportal import verification, views
from privacyportal.closed_account import closed_account, erasure_certificate
from rights import closed_views as closed_copies

handler500 = "privacyportal.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.overview, name="overview"),
    path("me/", include("accounts.urls")),
    path("me/calls/", include("calls.urls")),
    path("me/hosting/", include("hosting.urls")),
    path("me/export/", include("rights.urls")),
    path("", include("marketing.urls")),
    path("api/", include("downstream.urls")),
    path("complaints/", include("complaints.urls")),
    path("enquiries/", include("enquiries.urls")),
    path("unauthorised-use/", include("incidents.urls")),
    path("policy/", include("policies.urls")),
    path("promises/", promises, name="promises"),
    path("closed/<str:token>/", closed_account, name="closed_account"),
    path("closed/<str:token>/", include("accounts.closed_urls")),
    path("closed/<str:token>/copy/", closed_copies.copy, name="closed_copy"),
    path("closed/<str:token>/copy/code/", closed_copies.send_code, name="send_copy_code"),
    path("closed/<str:token>/write/", write, name="write_from_closed"),
    path(
        "closed/<str:token>/certificate.pdf",
        erasure_certificate,
        {"form": "pdf"},
        name="erasure_certificate_pdf",
    ),
    path(
        "closed/<str:token>/certificate.json",
        erasure_certificate,
        {"form": "json"},
        name="erasure_certificate_json",
    ),
    path("verify/", verification.verify, name="verify"),
    path(".well-known/jwks.json", verification.signing_keys, name="signing_keys"),
    path("account/sessions/", devices.show, name="usersessions_list"),  # instead of allauth's
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", views.choose_language, name="set_language"),
    path("healthz", views.health, name="health"),
]
