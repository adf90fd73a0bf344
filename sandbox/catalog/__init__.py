"""What is sold and for how much: products and prices."""
