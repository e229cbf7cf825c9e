from django.urls import path

from hosting import views

urlpatterns = [
    path("", views.index, name="hosting"),
    path("new/", views.add, name="add_hosted_service"),
    path("<slug:public_id>/", views.correct, name="hosted_service"),
    path("<slug:public_id>/end/", views.end, name="end_hosted_service"),
    path("<slug:public_id>/hand-over/", views.hand_over, name="hand_over_service"),
    path("<slug:public_id>/handed-over/", views.handed_over, name="service_handed_over"),
    path("<slug:public_id>/destroy/", views.destroy, name="destroy_service"),
    path("<slug:public_id>/backup/", views.answer_backup, name="answer_backup"),
    path("<slug:public_id>/erase/", views.erase, name="erase_hosted_service"),
]
