"""Set Django up as a deployment would, do one job, print its outcome as the last line."""

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
    # DEBUG only spared collecting the static files; measured is what a deployment does.
    settings.DEBUG = False
    job = getattr(import_module(f"benchmarks.jobs.{module}"), function)
    print(json.dumps(job(**json.loads(sys.argv[2]))))  # noqa: T201


if __name__ == "__main__":
    main()
