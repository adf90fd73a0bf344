"""Set Django up as in production, run one job, and print its result as the last line."""

import json
import os
import sys
from importlib import import_module

import django
from django.conf import settings


def main() -> None:
    module, _, function = sys.argv[1].partition(".")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    # DEBUG was only on so that static files need not be collected; jobs run without it, as in production.
    settings.DEBUG = False
    job = getattr(import_module(f"benchmarks.jobs.{module}"), function)
    print(json.dumps(job(**json.loads(sys.argv[2]))))  # noqa: T201


if __name__ == "__main__":
    main()
