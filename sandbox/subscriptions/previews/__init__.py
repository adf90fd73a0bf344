"""Previews of a subscription's next invoice, with or without a change to the subscription."""
