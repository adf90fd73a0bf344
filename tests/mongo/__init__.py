"""The test that stands in for a MongoDB server: it records each command that the suite sends, and judges it.

The stand-ins answer commands that MongoDB would answer slowly, or not at all after an election. The rules are in
rules.py, what is let pass and why in exceptions.py.
"""
