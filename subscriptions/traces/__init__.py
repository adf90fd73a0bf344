"""Removing the traces of an erased person outside of their own rows: from records, sessions and logs."""
