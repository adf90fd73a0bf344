"""The account that the sandbox plays, and its parts: store, kinds of object, clock, ids, money, periods, errors."""
