from django.urls import path

from rights import views

urlpatterns = [
    path("", views.export, name="export"),
    path("<slug:public_id>/download/", views.download, name="download_export"),
]
