"""What Stripe does by itself once somebody asked for something: money collected, invoices closed, periods renewed.

Each function works on the account within its caller's transaction and records the events that Stripe would. Requests
are read in `resources`, shapes are built in `objects`.
"""
