from django.urls import path

from marketing.views import check, newsletter, preferences, refusal

urlpatterns = [
    path("me/consents/refuse/", refusal.refuse, name="refuse_marketing"),
    path("newsletter/", newsletter.newsletter, name="newsletter"),
    path("newsletter/asked/", newsletter.newsletter_asked, name="newsletter_asked"),
    path(
        "newsletter/confirm/<str:token>/",
        newsletter.confirm_subscription,
        name="confirm_subscription",
    ),
    path("api/purpose-check/", check.purpose_check, name="purpose_check"),
    path("api/marketing-check/", check.purpose_check, name="marketing_check"),  # its name before
    path("preferences/", preferences.preferences, name="preferences"),
    path("preferences.json", preferences.preferences_json, name="preferences_json"),
    path("unsubscribe/<str:token>/", newsletter.unsubscribe, name="unsubscribe"),
]
