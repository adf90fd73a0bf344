"""What Stripe's billing objects look like when they are new: every member, most of them null. No rules, no store."""
