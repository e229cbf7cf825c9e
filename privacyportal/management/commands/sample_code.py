import time
from typing import Any

from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth
from allauth.mfa.utils import decrypt
from django.core.management.base import BaseCommand, CommandError

from privacyportal.management.commands.sample_people import DOMAIN


class Command(BaseCommand):
    help = (
        "Print the code of the moment for the second factor of the sample staff. "
        "Each of them can use it once. Real people's codes come from their phones alone."
    )

    def handle(self, **options: Any) -> None:
        sample = Authenticator.objects.filter(
            user__email=f"admin@{DOMAIN}", type=Authenticator.Type.TOTP
        ).first()
        if sample is None:
            raise CommandError("There are no sample people here.")
        step = int(time.time()) // app_settings.TOTP_PERIOD
        value = auth.hotp_value(decrypt(sample.data["secret"]), step)
        self.stdout.write(auth.format_hotp_value(value))
