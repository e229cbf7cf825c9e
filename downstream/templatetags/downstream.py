from typing import Any

from django import template

from accounts.merging import public_ids_of
from accounts.models import Customer
from downstream.told import orders_told

register = template.Library()
LIST = "downstream/_told.html"


@register.inclusion_tag(LIST)
def told_orders(customer: Customer) -> dict[str, Any]:
    """List what other systems were ordered to do about a customer."""
    return {"systems": orders_told(public_ids_of(customer))}


@register.inclusion_tag(LIST)
def told_orders_about(*public_ids: str) -> dict[str, Any]:
    """List the same about somebody of whom the public id alone is left."""
    return {"systems": orders_told(public_ids)}
