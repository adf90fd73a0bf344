"""Run dj-stripe's own sync of everything that a subscription is made of, and print what it has afterwards.

It runs in `.venv-djstripe`, with the settings of the benchmarks.
"""

import json
import os
import sys
from io import StringIO

import django
from django.core.management import call_command

from benchmarks.djstripe.__main__ import prepare

MODELS = ("Product", "Price", "Customer", "PaymentMethod", "Subscription", "Invoice")


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.djstripe.settings"
    django.setup()
    prepare()
    trouble = StringIO()
    call_command("djstripe_sync_models", *MODELS, stdout=sys.stderr, stderr=trouble)
    print(json.dumps({"copied": _copied(), "trouble": trouble.getvalue()}))  # noqa: T201


def _copied() -> dict[str, list[str]]:
    from djstripe import models  # noqa: PLC0415 - Once Django is set up.

    return {name: sorted(getattr(models, name).objects.values_list("id", flat=True)) for name in MODELS}


if __name__ == "__main__":
    main()
