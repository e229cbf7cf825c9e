"""Checking a signed document: for everybody, with nothing asked of the database or kept."""

from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from common.documents import Document, read_file, read_pasted
from common.signatures import NotGenuine, NotSigned, public_keys

MOST_BYTES = 1024 * 1024
MOST_CHARACTERS = 100_000


class DocumentForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("The PDF or JSON file as you got it from us."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.json,.txt"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or the signed text"),
        required=False,
        max_length=MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_file(self) -> "UploadedFile[bytes] | None":
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > MOST_BYTES:
            most = filesizeformat(MOST_BYTES)
            raise forms.ValidationError(_("The file is larger than %(most)s.") % {"most": most})
        return file

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data["file"] and not data["text"]:
            raise forms.ValidationError(_("Choose a file or paste the signed text."))
        return data

    def read(self) -> Document:
        """Raises NotSigned, NotGenuine."""
        file = self.cleaned_data["file"]
        return read_file(file.read()) if file else read_pasted(self.cleaned_data["text"])


@csrf_exempt
@login_not_required
@cache_control(no_store=True)
def verify(request: HttpRequest) -> HttpResponse:
    """Say what a document is and whether it is ours.

    Without a token, so that looking at the page sets no cookie; the answer changes nothing.
    """
    is_sent = request.method == "POST"
    form = DocumentForm(request.POST, request.FILES) if is_sent else DocumentForm()
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            context["document"] = form.read()
        except NotGenuine as refusal:
            context["refusal"] = refusal
        except NotSigned as nothing:
            form.add_error(None, str(nothing))
    return render(request, "verify.html", context)


@login_not_required
@require_safe
@cache_control(public=True, max_age=3600)
def signing_keys(request: HttpRequest) -> JsonResponse:
    """Publish the public keys, for whoever checks a document with tools of their own."""
    return JsonResponse(public_keys())
