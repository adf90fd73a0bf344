"""What time does to invoices, and to the subscriptions that they bill."""
