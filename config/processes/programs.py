"""The commands that run the site, the sync and the sandbox, and the preparation that they need."""

import sys

from django.conf import settings
from django.core.management import call_command

from config.processes.supervisor import Program

LOOPBACK_FOR = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  (chosen by the person who starts the site)


def prepare() -> None:
    """Migrate the database and collect the static files."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def site(*, host: str, workers: int, log_requests: bool = False) -> Program:
    """Return the site: gunicorn on PORT."""
    command = [sys.executable, "-m", "gunicorn", "config.wsgi:application"]
    command += ["--config", "python:config.processes.gunicorn_conf"]
    command += ["--bind", f"{_bracketed(host)}:{settings.PORT}", "--workers", str(workers)]
    command += ["--no-control-socket", "--log-level", "warning"]
    if log_requests:
        command += ["--access-logfile", "-", "--access-logformat", "%(m)s %(U)s %(s)s"]
    local_host = _bracketed(LOOPBACK_FOR.get(host, host))
    return _program("site", command, url=f"http://{local_host}:{settings.PORT}/healthz")


def sync() -> Program:
    """Return the sync, which repeats every SYNC_INTERVAL_SECONDS."""
    return _program("sync", [sys.executable, "manage.py", "sync_subscriptions", "--loop"])


def sandbox(*, port: int, state_file: str, webhook: str) -> Program:
    """Return the local Stripe, which sends its events to `webhook`."""
    command = [sys.executable, "-m", "sandbox", "--port", str(port), "--state", state_file]
    command += ["--webhook", f"{webhook}={settings.STRIPE_WEBHOOK_SECRETS[0]}"]
    return _program("sandbox", command, url=f"http://127.0.0.1:{port}/_sandbox/state")


def _program(name: str, command: list[str], *, url: str = "") -> Program:
    return Program(name=name, command=command, folder=settings.BASE_DIR, url=url)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
