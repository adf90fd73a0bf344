"""Payment links: reusable addresses, each visit to which opens a checkout session."""
