"""Previews of invoices: what a subscription, or a change of one, would be billed."""
