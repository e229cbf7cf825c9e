from downstream.admin import orders, systems

__all__ = ["orders", "systems"]
