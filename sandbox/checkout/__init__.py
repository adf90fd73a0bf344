"""Checkout sessions.

routes.py and the session_* files read `checkout.sessions.create`; rules.py pays, settles and expires a session;
purchases.py creates the subscription or payment of a paid one. The hosted page is in sandbox/pages/checkout.
"""
