from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

from privacyportal import views

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", views.overview, name="overview"),
    path("me/", include("accounts.urls")),
    path("complaints/", include("complaints.urls")),
    path("policy/", views.policy, name="policy"),
    path("policy/<slug:number>/", views.policy, name="policy_version"),
    path("account/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("language/", login_not_required(set_language), name="set_language"),
    path("healthz", views.health, name="health"),
]
