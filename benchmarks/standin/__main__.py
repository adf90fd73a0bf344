"""Run the stand-in: `python -m benchmarks.standin SUBSCRIPTIONS` prints its address and exits with its parent."""

import os
import sys
import threading
import time

from benchmarks.standin.server import Server
from benchmarks.standin.world import World


def end_with(parent: int) -> None:
    """Exit when the process that started us has ended."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(0)


def main() -> None:
    threading.Thread(target=end_with, args=[os.getppid()], daemon=True).start()
    server = Server(World(int(sys.argv[1])))
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
