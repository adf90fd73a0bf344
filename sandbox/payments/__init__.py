"""Test cards, payment methods, payment intents, charges, and refunds in refunds/."""
