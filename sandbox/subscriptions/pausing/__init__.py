"""Two ways to pause: collection.py pauses only the collection of payments, rules.py pauses the subscription itself.

routes.py has the calls `pause` and `resume`.
"""
