"""Invoices created by API: drafts, their lines, and what is done with them by hand."""
