"""Subscriptions and their items.

renewals.py bills each period, ends trials and retries failed payments; rules.py starts and ends a subscription.
create_request.py reads `subscriptions.create`, and starting/ the dates in it; changes/ reads and makes
`subscriptions.update`. pausing/ pauses and resumes; schedules/ and previews/ hold subscription schedules and previews
of the next invoice.
"""
