"""`manage.py import_catalog`: copy every product and price from Stripe."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.catalog import importer
from billing.errors import StripeFailure


class Command(BaseCommand):
    help = "Copy every product, price and promotion code from Stripe, archived ones too."

    def handle(self, **_: Any) -> None:
        try:
            count = importer.import_catalog()
        except StripeFailure as error:
            raise CommandError(f"the catalog was not imported: {error}") from error
        read = f"{count.products} products, {count.prices} prices and {count.codes} promotion codes read"
        self.stdout.write(f"{read}, {count.written} written.")
        for failed in count.failed:
            self.stderr.write(f"{failed.object_name} {failed.id} failed: {failed.reason}")
        if count.failed:
            raise CommandError(f"{len(count.failed)} failed", returncode=1)
