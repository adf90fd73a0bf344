"""Credit notes: reductions of finalized invoices."""
