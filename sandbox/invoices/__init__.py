"""Invoices and their lines, prorations, and how invoices are paid."""
