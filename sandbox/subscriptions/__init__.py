"""Subscriptions and their items.

renewals.py bills each period, ends trials and retries failed payments; rules.py starts and ends a subscription.
create_request.py reads `subscriptions.create`, changes/ reads and makes `subscriptions.update`; schedules/ and
previews/ hold subscription schedules and previews of the next invoice.
"""
