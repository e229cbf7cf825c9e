from django.urls import path

from hosting import views

urlpatterns = [
    path("", views.index, name="hosting"),
    path("new/", views.add, name="add_hosted_service"),
    path("<slug:public_id>/", views.correct, name="hosted_service"),
    path("<slug:public_id>/end/", views.end, name="end_hosted_service"),
    path("<slug:public_id>/erase/", views.erase, name="erase_hosted_service"),
]
