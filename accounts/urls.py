from django.urls import path

from accounts import policy_views, views

urlpatterns = [
    path("data/", views.data, name="data"),
    path("data/edit/", views.edit_details, name="edit_details"),
    path("consents/", views.consents, name="consents"),
    path("consents/decide/", views.decide_consent, name="decide_consent"),
    path("accesses/", views.accesses, name="accesses"),
    path("policy/", policy_views.accept_policy, name="accept_policy"),
    path("close/", views.close, name="close_account"),
]
