from django.urls import path

from calls import views

urlpatterns = [
    path("", views.index, name="calls"),
    path("<slug:public_id>/audio/", views.audio, name="call_audio"),
    path("<slug:public_id>/download/", views.download, name="download_call"),
    path("<slug:public_id>/erase/", views.erase, name="erase_call"),
]
