"""What people have and buy, over JSON: authorize, parse, one call into the domain, answer."""
