"""Products, prices, and the coupons and promotion codes in discounts/."""
