from django.contrib import admin
from django.urls import include, path

from policies.promise_views import promises
from privacyportal import views

handler500 = "privacyportal.views.server_error"

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.overview, name="overview"),
    path("me/", include("accounts.urls")),
    path("", include("marketing.urls")),
    path("complaints/", include("complaints.urls")),
    path("policy/", include("policies.urls")),
    path("promises/", promises, name="promises"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", views.choose_language, name="set_language"),
    path("healthz", views.health, name="health"),
]
