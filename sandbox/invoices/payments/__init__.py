"""Invoice payments: the payments of an invoice, of which there can be several."""
