from django.urls import path, register_converter

from policies import views
from policies.models.versions import NUMBER


class PolicyNumber:
    regex = NUMBER

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(PolicyNumber, "policy_number")

urlpatterns = [
    path("", views.policy, name="policy"),
    path("changes/", views.policy_changes, name="policy_changes"),
    path("compare/", views.compare_policy, name="compare_policy"),
    path("<policy_number:number>/", views.policy_version, name="policy_version"),
]
