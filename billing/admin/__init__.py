"""Products, prices and promotion codes in the admin."""

from billing.admin import catalog, promotions

__all__ = ["catalog", "promotions"]
