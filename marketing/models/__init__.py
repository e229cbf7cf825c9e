"""Who must not be contacted, who subscribed to what, and what was sent to them."""

from marketing.models.suppressions import Suppression, SuppressionReason

__all__ = ["Suppression", "SuppressionReason"]
