"""Search calls, in Stripe's query language (docs.stripe.com/search).

`query` reads a query, `fields` has the members that each kind can be searched by, `routes` answers. Stripe finds a
change about a minute after it is made; the sandbox at once.
"""
