from django.http import FileResponse

from casework.models import Evidence


def as_attachment(evidence: Evidence) -> FileResponse:
    """Hand a file out as a download that no browser opens inside the portal."""
    response = FileResponse(
        evidence.file.open("rb"),
        as_attachment=True,
        filename=evidence.name,
        content_type=evidence.content_type,
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response
