"""Products, prices and promotion codes in the admin."""

from billing.admin import catalogue, promotions

__all__ = ["catalogue", "promotions"]
