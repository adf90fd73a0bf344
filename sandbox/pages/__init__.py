"""The sandbox's web pages: hosted checkout, billing portal, invoices and receipts, and the control page.

In each package page.py handles requests and a `*_text.py` file has the texts; the HTML is in sandbox/templates.
"""
