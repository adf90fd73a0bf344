"""Customer balances: credit and debt that invoices settle, and their history."""
