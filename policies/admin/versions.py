"""The versions of the privacy policy, to read."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from unfold.admin import StackedInline

from common.admin import ReadOnlyAdmin
from policies.models import PolicyText, PolicyVersion


class PolicyTextInline(StackedInline):  # type: ignore[misc]
    model = PolicyText
    extra = 0
    fields = ["language", "sha256", "body"]

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.has_perm("policies.view_policyversion")

    has_change_permission = has_delete_permission = has_add_permission


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    list_display = ["number", "profile", "published_on", "effective_on"]
    inlines = [PolicyTextInline]
    sortable_by = ()
