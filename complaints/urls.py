from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from complaints import open_views, views
from complaints.doors import confirming, followed, own, withdrawing

PAGES = {
    "complaint": ("", views.detail),
    "withdraw_complaint": ("withdraw/", views.withdraw),
    "write_complaint": ("write/", views.write),
    "agree_complaint": ("agree/", views.agree),
    "disagree_complaint": ("disagree/", views.disagree),
    "escalate_complaint": ("escalate/", views.escalate),
    "complaint_letter": ("letter/", views.letter),
    "complaint_letter_pdf": ("letter.pdf", views.letter_pdf),
    "complaint_file_pdf": ("file.pdf", views.file_pdf),
    "evidence": ("evidence/<slug:evidence_id>/", views.evidence),
}


def pages(place: str, door: Callable[..., Any], prefix: str = "") -> list[URLPattern]:
    return [
        path(place + rest, door(view), name=prefix + name) for name, (rest, view) in PAGES.items()
    ]


urlpatterns = [
    path("", views.index, name="complaints"),
    path("new/", views.file_complaint, name="file_complaint"),
    path("without-account/", open_views.send, name="open_complaint"),
    path("without-account/sent/", open_views.sent, name="open_complaint_sent"),
    path(
        "without-account/confirm/<str:token>/",
        confirming(open_views.confirm),
        name="confirm_complaint",
    ),
    path("new-link/<str:token>/", open_views.new_link, name="new_complaint_link"),
    path(
        "confirm-withdrawal/<str:token>/",
        withdrawing(views.confirm_withdrawal),
        name="confirm_withdrawal",
    ),
    *pages("follow/<str:token>/", followed, "followed_"),
    *pages("<slug:public_id>/", own),
]
