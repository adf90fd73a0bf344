"""dj-stripe, as its documentation sets it up, against the same stand-in; runs in `.venv-djstripe`."""
