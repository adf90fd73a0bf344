#!/usr/bin/env python
"""Runs one of the project's commands; `manage.py help` lists them."""

import os
import sys
from importlib import import_module
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from config.demo import environment


def main() -> None:
    """Load the settings, then run the command. Invalid settings end with one line instead of a traceback."""
    try:
        if sys.argv[1:2] == ["demo"]:
            environment.prepare(folder=Path(__file__).resolve().parent)
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        import_module(os.environ["DJANGO_SETTINGS_MODULE"])
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
