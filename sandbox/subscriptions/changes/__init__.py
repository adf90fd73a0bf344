"""Changes of a running subscription: request.py and item_request.py read `subscriptions.update`, rules.py bills it."""
