"""The account that the sandbox plays, and what it is made of: store, clock, ids, amounts, periods, errors."""
