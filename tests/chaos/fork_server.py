"""Forks workers: it has imported the whole product, so a new process costs milliseconds and not a second.

Run as `python -m tests.chaos.fork_server SOCKET`: it prints the keys of the people who are signed in. Each connection
to its socket gets a new worker. It ends when its standard input is closed.
"""

import gc
import os
import select
import signal
import socket
import sys
from contextlib import suppress

import django


def main(path: str) -> None:
    django.setup()
    from tests.chaos import preparation, worker  # noqa: PLC0415  (import models)

    people = preparation.prepare(count=4)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(32)
        sys.stdout.write(f"{' '.join(people)}\n")
        sys.stdout.flush()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            driver, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                with suppress(ConnectionError):  # The machine may hang up at any moment.
                    worker.serve(driver)
                os._exit(0)
            driver.close()


if __name__ == "__main__":
    main(sys.argv[1])
