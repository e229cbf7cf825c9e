from django.utils.translation import gettext as _

from accounts.locks import lock_open
from hosting.exceptions import ServiceRefused
from hosting.models import HostedService


def lock_service(service: HostedService) -> None:
    """Reload a service of an open account and hold it until the transaction ends.

    Raises AccountClosed, ServiceRefused.
    """
    lock_open(service.customer)
    try:
        service.refresh_from_db(from_queryset=HostedService.objects.select_for_update(of=("self",)))
    except HostedService.DoesNotExist as error:
        raise ServiceRefused(_("This entry is erased already.")) from error
