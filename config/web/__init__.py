"""Middleware for every request and answer of the site: headers, host names, sizes of bodies."""
