"""What all pages of the desk share: rows change through services alone, and none is deleted."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial, wraps
from itertools import pairwise
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import (
    display_for_field,
    label_for_field,
    lookup_field,
    unquote,
)
from django.contrib.admin.views.main import SEARCH_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from simple_history.admin import SimpleHistoryAdmin
from unfold import decorators, widgets
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from common.errors import PortalError
from common.forms import tell_of_masked_cards
from common.history_page import REASONS, changes_between, value_of
from common.job_report import report_jobs
from common.models import JobStatus
from common.reauthentication import confirm_again

Text = str | Promise
COUNTED = 10_000  # rows of a list; how many more there are costs too much to count
FILTERS = "_changelist_filters"  # how Django calls, in an address, the filters of the list before
FOUND_AT_ONCE = 100  # rows of a search: it shows them on one page, because no link repeats it


class _Badge(tuple[Any, Any]):
    """A code, by which a badge gets its tone, and the text that is read."""

    def __str__(self) -> str:
        return str(self[1])


class _Tones(dict[Any, str]):
    """Tones by code; a code without one is plain, where the theme would show the code itself."""

    def __missing__(self, code: Any) -> str:
        if not code:
            raise KeyError(code)  # nothing to show
        return ""


def badge(
    *, description: Text, tones: Mapping[Any, str], **display: Any
) -> Callable[[Callable[[Any, Any], tuple[Any, Any]]], Callable[[Any, Any], _Badge]]:
    """Show what a method of an admin returns, a code and a text, as a badge in lists.

    A page of one row shows the text alone.
    """

    def decorate(
        method: Callable[[Any, Any], tuple[Any, Any]],
    ) -> Callable[[Any, Any], _Badge]:
        @decorators.display(description=description, label=_Tones(tones), **display)  # type: ignore[untyped-decorator]
        @wraps(method)
        def inner(self: Any, row: Any) -> _Badge:
            return _Badge(method(self, row))

        return inner  # type: ignore[no-any-return]

    return decorate


class CappedPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator that stops counting at COUNTED, so that the last of a million costs nothing."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:COUNTED].count())


class PrivateSearchList(ChangeList):
    """A list whose search term travels in the request's body: addresses hold no personal data."""

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        without_search = {SEARCH_VAR: None, **(new_params or {})}  # ``remove`` goes by beginnings
        return str(super().get_query_string(without_search, remove))

    def get_filters(self, request: HttpRequest) -> Any:
        try:
            return super().get_filters(request)
        except (ValueError, OverflowError) as error:  # a year after which none comes
            raise IncorrectLookupParameters from error

    @property
    def nothing_found(self) -> Text:
        return self.model_admin.nothing_found(self.query)  # type: ignore[no-any-return]

    def get_results(self, request: HttpRequest) -> None:
        if self.query:
            self.list_per_page = FOUND_AT_ONCE
        super().get_results(request)


class PortalAdmin(SimpleHistoryAdmin, ModelAdmin):
    """Admin of a record: with its history where it keeps one, and never deleted by hand."""

    list_per_page = 25
    paginator = CappedPaginator
    show_full_result_count = False
    list_filter_sheet = True
    view_on_site = False
    page_title: Text = ""  # of the page of one row; else what Django says
    object_history_list_template = "admin/history_list.html"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False  # retention erases; nobody deletes

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PrivateSearchList

    def nothing_found(self, term: str) -> Text:
        """Say that a search found nothing, without its term: that may be personal data."""
        return _("Nothing is found by that.")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Let through what ``list_filter`` and ``date_hierarchy`` name alone.

        Django lets any lookup on the table's own columns pass, so that a
        masked value could be guessed letter by letter.
        """
        named = {getattr(item, "parameter_name", item) for item in self.list_filter}
        dates = {f"{self.date_hierarchy}__{part}" for part in ("year", "month", "day")}
        known = lookup in named | dates or lookup.partition("__")[0] in named
        return known and bool(super().lookup_allowed(lookup, value, request))

    def get_preserved_filters(self, request: HttpRequest) -> str:
        """Leave the search out of the addresses of rows, as it is left out of the list's own."""
        kept = QueryDict(super().get_preserved_filters(request)).get(FILTERS, "")
        filters = QueryDict(kept, mutable=True)
        filters.pop(SEARCH_VAR, None)
        return urlencode({FILTERS: filters.urlencode()}) if filters else ""

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Django's own says "deleted", which whoever may not see a row would take for the truth."""
        text = _("This page does not exist, or you may not see it.")
        self.message_user(request, text, messages.WARNING)
        return redirect("admin:index")

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        _refuse_rows(request)
        if request.method == "POST" and SEARCH_VAR in request.POST:
            query = request.GET.copy()
            query[SEARCH_VAR] = request.POST[SEARCH_VAR]
            request.GET = query  # type: ignore[assignment]
        return super().changelist_view(request, extra_context)  # type: ignore[no-any-return]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        _refuse_rows(request)
        titled = {"title": self.page_title} if self.page_title else {}
        context = {"show_history": self._keeps_history, **titled, **(extra_context or {})}
        return super().changeform_view(  # type: ignore[no-any-return]
            request, object_id, form_url, context
        )

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        self._require_visible(request, object_id)
        return super().history_view(request, object_id, extra_context)  # type: ignore[no-any-return]

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):  # the library would write the version back
            return HttpResponseNotAllowed(["GET", "HEAD"])
        self._require_visible(request, object_id)
        return super().history_form_view(  # type: ignore[no-any-return]
            request, object_id, version_id, extra_context
        )

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, foreign_keys_are_objs: bool = True
    ) -> None:
        records = list(historical_records)
        for record in records:
            why = record.history_change_reason or ""
            record.happened = REASONS.get(why, "")  # not ``reason``: that is a column of some
        for newer, older in pairwise(records):
            newer.changes = changes_between(older, newer, self.show_past)

    def show_past(self, record: Any, field: Any) -> Any:
        """Return what the history page may show of a field."""
        return value_of(record, field)

    def _require_visible(self, request: HttpRequest, object_id: str) -> None:
        """Refuse the history of a row that the list would not show; the library does not ask."""
        if not self._keeps_history or self.get_object(request, unquote(object_id)) is None:
            raise Http404

    @property
    def _keeps_history(self) -> bool:
        return hasattr(self.opts, "simple_history_manager_attribute")  # not of a proxy

    # Steps: what staff do to a record, each of them one call of a service

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Offer what this row can take. A step that comes too late is answered by its service."""
        steps = super().get_actions_detail(request, object_id)
        row = self.get_object(request, unquote(str(object_id))) if steps else None
        return [step for step in steps if row and self.can_take(step.path, row, request.user)]

    def can_take(self, step: str, row: Any, user: Any) -> bool:
        """Say whether the service would not refuse this person the step on this row now."""
        return True

    def step_path(self, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        """Return the address of a step on one row, named ``app_model_name``."""
        step: URLPattern = path(
            f"<path:object_id>/{name}/",
            self.admin_site.admin_view(view),
            name=f"{self.opts.app_label}_{self.opts.model_name}_{name}",
        )
        return step

    def page_of(self, row: Model) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return reverse(name, args=[row.pk])

    def get_row(self, request: HttpRequest, object_id: str, permission: str) -> Any:
        """Return the row of a step, for who has the permission: admin_view lets in all staff."""
        if not request.user.has_perm(permission):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        return row

    def step_view(
        self,
        request: HttpRequest,
        object_id: str,
        *,
        permission: str,
        step: Callable[..., object],
        title: Text,
        done: Text,
        form_class: Callable[..., forms.Form] = forms.Form,
        facts: Iterable[Any] = (),
        **context: Any,
    ) -> HttpResponse:
        """Show ``form_class``; when it is filled in, call ``step(row, by=user, **its data)``.

        ``facts`` name what the page of the row says of it and this page repeats, as ``fields`` do.
        The rest as form_view() takes it.
        """
        row = self.get_row(request, object_id, permission)
        return self.form_view(
            request,
            form_class=form_class,
            act=partial(step, row, by=request.user),
            title=title,
            done=done,
            back=self.page_of(row),
            object=row,
            facts=[self._fact(row, name) for name in facts],
            **context,
        )

    def _fact(self, row: Model, name: Any) -> tuple[str, Any]:
        """Return a label and what stands beside it."""
        field, _attribute, value = lookup_field(name, row, self)
        shown = display_for_field(value, field, "–") if field else value
        return str(label_for_field(name, self.model, self)), shown

    def form_view(
        self,
        request: HttpRequest,
        *,
        form_class: Callable[..., forms.Form],
        act: Callable[..., object],
        title: Text,
        done: Text,
        back: str,
        after: Callable[[Any], str] | None = None,
        initial: dict[str, Any] | None = None,
        template: str = "admin/step.html",
        is_grave: bool = False,
        **context: Any,
    ) -> HttpResponse:
        """Show a form; when it is filled in, call ``act(**its data)`` and go ``back``.

        With ``after`` go where that says, given what ``act`` returned. A ``note`` is shown above.
        A refusal (PortalError) comes back above the form. What ``is_grave`` a stolen session must
        not do: who they are is asked again first, as confirm_again() does.
        """
        is_sent = request.method == "POST"
        data, files = (request.POST, request.FILES) if is_sent else (None, None)
        form = themed(form_class(data, files, initial=initial))
        if form.is_valid() and is_grave:
            confirm_again(request)
        if form.is_valid() and (
            answer := self._act(request, form, act, done, after or (lambda _: back))
        ):
            return answer
        return TemplateResponse(
            request,
            template,
            {
                **self.admin_site.each_context(request),
                "title": title,
                "opts": self.opts,
                "form": form,
                "back": back,
                **context,
            },
        )

    def _act(
        self,
        request: HttpRequest,
        form: forms.Form,
        act: Callable[..., object],
        done: Text,
        after: Callable[[Any], str],
    ) -> HttpResponseRedirectBase | None:
        try:
            answer = act(**form.cleaned_data)
        except PortalError as error:
            form.add_error(None, str(error))
            if renew := getattr(form, "renew", None):
                renew(error)
            return None
        tell_of_masked_cards(request, form)
        self.message_user(request, str(done), messages.SUCCESS)
        return redirect(after(answer))

    def run_on_each(
        self, request: HttpRequest, queryset: QuerySet[Any], operation: Callable[..., object]
    ) -> None:
        """Call ``operation(row, by=user)`` for each row and tell the user how it went.

        A row that refuses (PortalError) is named, and the others go on.
        """
        done = 0
        for row in queryset:
            try:
                operation(row, by=request.user)
            except PortalError as error:
                self.message_user(request, f"{row}: {error}", messages.ERROR)
            else:
                done += 1
        if done:
            text = ngettext("%(n)d record updated.", "%(n)d records updated.", done)
            self.message_user(request, text % {"n": done}, messages.SUCCESS)


def _refuse_rows(request: HttpRequest) -> None:
    """Refuse forms that name rows by their keys: no page of the desk has such forms."""
    if any(name.endswith("-TOTAL_FORMS") for name in request.POST):
        raise BadRequest("no rows are edited here")


class ReadOnlyAdmin(PortalAdmin):
    """Admin of rows that nobody edits here: they change through steps, jobs or profiles.

    add_permission: with which staff add a row by the form of add_row(); without one nobody does.
    """

    add_permission = ""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.add_permission) and bool(request.user.has_perm(self.add_permission))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.add_row(request)

    def add_row(self, request: HttpRequest) -> HttpResponse:
        """Show the form of a new row; only who may add one comes here."""
        raise Http404

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return list(self.fields or (f.name for f in self.opts.local_fields if not f.primary_key))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        return [*self.get_fields(request, obj), *self.readonly_fields]


def is_among(rows: QuerySet[Any], object_id: str) -> bool:
    """Say whether the row that an address names, which can be anything, is one of ``rows``."""
    return object_id.isdecimal() and rows.filter(pk=object_id).exists()


def named(field: str, label: Any) -> Callable[[Any], str]:
    """Show a reference by its name, without the link that the reader may not follow."""

    @admin.display(description=label)
    def name(row: Any) -> str:
        return str(getattr(row, field) or "–")

    return name


CLASSES = (
    (forms.Textarea, widgets.TEXTAREA_CLASSES),
    (forms.CheckboxInput, widgets.CHECKBOX_CLASSES),
    (forms.Select, widgets.SELECT_CLASSES),
    (forms.widgets.Input, widgets.INPUT_CLASSES),
)
SELECT_TEMPLATE = widgets.UnfoldAdminSelectWidget.template_name  # with the arrow


def themed(form: forms.Form) -> forms.Form:
    """Dress the fields of a plain form as the theme dresses those of a ModelForm."""
    for field in form.fields.values():
        for widget_class, classes in CLASSES:
            if isinstance(field.widget, widget_class):
                field.widget.attrs["class"] = " ".join(classes)
                break
        if type(field.widget) is forms.Select:
            field.widget.template_name = SELECT_TEMPLATE
    return form


@admin.register(JobStatus)
class JobStatusAdmin(ReadOnlyAdmin):
    """Every scheduled job, also one that has never run and so has no row."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": self.opts.verbose_name_plural,
            "opts": self.opts,
            "reports": report_jobs(timezone.now()),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/common/jobstatus/change_list.html", context)

    def changeform_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        raise Http404  # the list shows all there is
