"""Coupons, promotion codes, and the discounts that come from redeeming them."""
