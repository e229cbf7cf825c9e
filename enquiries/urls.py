from django.urls import path

from enquiries import views

urlpatterns = [
    path("", views.enquiry, name="enquiry"),
    path("sent/", views.sent, name="enquiry_sent"),
    path("confirm/<str:token>/", views.confirm, name="confirm_enquiry"),
]
