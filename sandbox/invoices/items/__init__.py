"""Invoice items: amounts that wait for an invoice, created by API or by prorations."""
