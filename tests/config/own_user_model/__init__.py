"""An app whose people have no user name: they sign in with their e-mail address.

test_own_user_model.py runs journey.py in a process of its own, because a process has one user model.
"""
