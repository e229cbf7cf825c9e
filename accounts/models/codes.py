from django.db import models


class SentCode(models.Model):
    """A code that was sent to who has no password: a keyed hash of it, and how often it was tried.

    Its history leaves all of it out.
    """

    code = models.CharField(max_length=64, blank=True, editable=False)
    code_sent_at = models.DateTimeField(null=True, editable=False)
    codes_sent = models.PositiveSmallIntegerField(default=0, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        abstract = True
