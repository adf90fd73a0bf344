"""`python -m sandbox`: serves the sandbox on a port."""

import argparse
import errno
import logging
import os
import signal
import sqlite3
import sys
from pathlib import Path

from sandbox.app import Sandbox
from sandbox.events.sender import Sender
from sandbox.server import Server

DEFAULT_PORT = 8420
LAST_PORT = 65535
WILDCARD_HOSTS = {"0.0.0.0", "::"}  # noqa: S104 - compared with, not bound to.

log = logging.getLogger("sandbox")


def main() -> int:
    """Serve until Ctrl-C or SIGTERM; return the exit code, 1 if it could not start."""
    options = _parser().parse_args()
    logging.basicConfig(
        level=logging.WARNING if options.quiet else logging.INFO, format="%(message)s", stream=sys.stdout
    )
    base_url = f"http://{'127.0.0.1' if options.host in WILDCARD_HOSTS else options.host}:{options.port}"
    try:
        server = Server((options.host, options.port))
    except OSError as error:
        return _fail(_why_no_port(error, options.host, options.port))
    try:
        server.sandbox = Sandbox(options.state, webhooks=dict(options.webhook), base_url=base_url)
    except sqlite3.Error as error:
        return _fail(f"The state file {options.state} can't be used: {error}.")
    _serve(server, Sender(server.sandbox.deliveries, catch_up=server.sandbox.catch_up), base_url)
    server.sandbox.close()
    return 0


def _serve(server: Server, sender: Sender, base_url: str) -> None:
    # SIGINT too, because a shell that starts a program in the background makes it ignore SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    sender.start()
    log.info("Stripe sandbox on %s. Stop it with Ctrl-C.", base_url)
    try:
        server.serve_forever(poll_interval=0.1)
    except KeyboardInterrupt:
        pass
    finally:
        server.server_close()
        sender.stop()


def _why_no_port(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use. Stop the program that uses it, or choose another with SANDBOX_PORT or --port."
    return f"Can't listen on {host} port {port}: {error.strerror}."


def _fail(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A local, stateful Stripe.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=_port, default=os.environ.get("SANDBOX_PORT") or str(DEFAULT_PORT), help="SANDBOX_PORT, or 8420"
    )
    parser.add_argument(
        "--state", type=Path, metavar="FILE", help="keep the state in this file; without it, in memory"
    )
    parser.add_argument(
        "--webhook",
        type=_webhook,
        action="append",
        default=[],
        metavar="URL=SECRET",
        help="send all events to this URL, signed with this secret; can be given several times",
    )
    parser.add_argument("--quiet", action="store_true", help="do not log each request")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port")
    return int(text)


def _webhook(text: str) -> tuple[str, str]:
    url, _, secret = text.rpartition("=")
    if not url.startswith(("http://", "https://")) or not secret:
        raise argparse.ArgumentTypeError(f"{text!r} is not URL=SECRET")
    return url, secret


if __name__ == "__main__":
    sys.exit(main())
