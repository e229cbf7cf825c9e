from django.urls import path

from complaints import views

urlpatterns = [
    path("", views.index, name="complaints"),
    path("new/", views.file_complaint, name="file_complaint"),
    path("<slug:public_id>/", views.detail, name="complaint"),
    path("<slug:public_id>/withdraw/", views.withdraw, name="withdraw_complaint"),
    path("<slug:public_id>/evidence/<slug:evidence_id>/", views.evidence, name="evidence"),
]
