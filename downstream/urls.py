from django.urls import path

from downstream import views

urlpatterns = [
    path("orders/<slug:public_id>/", views.acknowledge_order, name="acknowledge_order"),
]
