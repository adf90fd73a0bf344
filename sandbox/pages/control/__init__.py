"""The control page, and the pages that list objects and show one as JSON."""
