"""The pages for people: hosted checkout, the billing portal, invoices, and the control page."""
