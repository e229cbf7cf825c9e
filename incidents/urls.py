from django.urls import path

from incidents import views

urlpatterns = [
    path("", views.ask_for_link, name="report_use"),
    path("sent/", views.link_sent, name="report_use_sent"),
    path("mine/", views.report_own, name="report_own_use"),
    path("locked/", views.locked, name="account_locked"),
    path("confirm/<str:token>/", views.confirm, name="confirm_report"),
    path("unlock/<str:token>/", views.unlock, name="unlock_account"),
]
