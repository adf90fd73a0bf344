"""Calls in older versions of Stripe's API: which versions exist, and the parameters that later ones removed.

An answer always has the shape of the installed SDK's version. `released` checks a version, `former_parameters` lists
what older versions take, and `translation` puts a call into the parameters of the installed version.
"""
