"""Coupons and promotion codes, and the discounts that redeeming them gives."""
