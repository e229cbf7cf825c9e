from complaints.admin import case, replies

__all__ = ["case", "replies"]
