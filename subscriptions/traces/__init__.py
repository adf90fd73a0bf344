"""What an erased person leaves outside of their own rows: found in records, sessions and logs, and removed."""
