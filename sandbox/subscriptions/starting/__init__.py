"""How a subscription starts: its dates and first periods, and its setup intent where nothing is to be paid."""
