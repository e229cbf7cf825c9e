from django.urls import path

from marketing.views import refusal

urlpatterns = [
    path("me/consents/refuse/", refusal.refuse, name="refuse_marketing"),
]
