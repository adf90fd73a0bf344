"""`manage.py stripe_doctor`: print problems of the set-up, and with --fix repair those that are safe to repair."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.errors import StripeFailure
from subscriptions.monitoring import doctor
from subscriptions.monitoring.doctor import Finding, Level, NotRepaired


class Command(BaseCommand):
    help = "Check keys, webhook endpoint, API version, events, catalog and duplicates."
    # System checks would stop at the very problems that this command explains.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="repair problems that are safe to repair")

    def handle(self, *, fix: bool, **_: Any) -> None:
        left = repairable = 0
        for subject, finding in doctor.examine(now=timezone.now()):
            self.stdout.write(f"{self._label(finding)} {subject:<17} {finding.message}")
            self.stdout.flush()  # Keeps the order of stdout and stderr when both go to one file.
            is_fixed = fix and finding.repair is not None and self._fix(finding.repair)
            is_left = finding.level == Level.PROBLEM and not is_fixed
            left += is_left
            repairable += is_left and finding.repair is not None and not fix
        if left:
            hint = f"; --fix repairs {repairable} of them" if repairable else ""
            raise CommandError(f"problems: {left}{hint}")
        self.stdout.write("All is well.")

    def _label(self, finding: Finding) -> str:
        style = {Level.OK: self.style.SUCCESS, Level.NOTE: self.style.WARNING, Level.PROBLEM: self.style.ERROR}
        return style[finding.level](f"{finding.level:<8}")

    def _fix(self, repair: doctor.Repair) -> bool:
        try:
            done = repair()
        except (StripeFailure, NotRepaired) as error:
            self.stdout.write(f"{'':<8} {'not fixed':<17} {error}")
            return False
        self.stdout.write(f"{'':<8} {'fixed':<17} {done}")
        return True
