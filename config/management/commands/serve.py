"""`manage.py serve`: run the site and the sync together, on your own settings."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.processes import programs
from config.processes.supervisor import PortTaken, ProgramEnded, Supervisor, require_free


class Command(BaseCommand):
    help = "Update the database, then run the site on PORT and the sync beside it until Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 0.0.0.0 for all of them")
        parser.add_argument(
            "--workers",
            type=int,
            default=2,
            help="processes that answer requests, each with THREADS_PER_WORKER threads",
        )

    def handle(self, *, host: str, workers: int, **_: Any) -> None:
        try:
            require_free(settings.PORT, host=host, setting="PORT")
            programs.prepare()
            with Supervisor(self.stdout) as supervisor:
                supervisor.start(programs.site(host=host, workers=workers), programs.sync())
                self.stdout.write(f"{settings.SITE_NAME} is running at {settings.SITE_URL}/ (Ctrl-C stops it).")
                supervisor.wait()
        except (PortTaken, ProgramEnded) as error:
            raise CommandError(str(error)) from error
        self.stdout.write("Stopped.")
