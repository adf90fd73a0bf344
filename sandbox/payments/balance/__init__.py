"""Balance transactions: each movement of the account's balance, with its fee."""
