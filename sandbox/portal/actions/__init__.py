"""What customers do in the billing portal, on its pages and by its control."""
