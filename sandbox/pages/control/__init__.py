"""The control page, and the pages that show any object."""
