"""Several programs run as one: readiness, output, and an end that leaves nothing behind."""

import io
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from config.processes import supervisor as processes
from config.processes.supervisor import PortTaken, Program, ProgramEnded, Supervisor
from tests.wording import starting

SERVER = """
import http.server, sys, time
time.sleep(0.3)
print("serving", flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
"""
SAYS_ITS_PID = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


def python(name: str, code: str, *arguments: str, url: str = "") -> Program:
    return Program(name=name, command=[sys.executable, "-c", code, *arguments], folder=Path.cwd(), url=url)


def sleeper() -> Program:
    return python("sleeper", "import time; time.sleep(60)")


def run_until_one_ends(out: io.StringIO, *programs: Program) -> str:
    def run() -> None:
        with Supervisor(out) as supervisor:
            supervisor.start(*programs)
            supervisor.wait()

    with pytest.raises(ProgramEnded) as end:
        run()
    return str(end.value)


def soon(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # As servers do.
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


class TestRequireFree:
    def test_passes_a_free_port(self, port: int) -> None:
        processes.require_free(port, host="127.0.0.1", setting="PORT")

    def test_says_which_setting_moves_a_taken_one(self, listener: socket.socket) -> None:
        taken = listener.getsockname()[1]
        with pytest.raises(PortTaken) as refusal:
            processes.require_free(taken, host="127.0.0.1", setting="SANDBOX_PORT")
        assert str(refusal.value) == (
            f"Port {taken} is taken by another program. Choose another one, as in SANDBOX_PORT={taken + 1}."
        )

    def test_a_port_that_was_just_given_up_is_free(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()
        with socket.create_connection((host, port)):
            accepted, _ = listener.accept()
            accepted.close()
        listener.close()
        processes.require_free(port, host=host, setting="PORT")


class TestStart:
    def test_waits_until_the_program_answers(self, port: int) -> None:
        url = f"http://127.0.0.1:{port}/"
        out = io.StringIO()
        with Supervisor(out) as supervisor:
            supervisor.start(python("site", SERVER, str(port), url=url))
            with socket.create_connection(("127.0.0.1", port)):
                pass  # It listens.
        assert out.getvalue() == starting("site    | serving\n")

    def test_tells_at_once_when_it_ends_instead(self, port: int) -> None:
        failing = python("site", "print('no database'); raise SystemExit(3)", url=f"http://127.0.0.1:{port}/")
        out = io.StringIO()
        with pytest.raises(ProgramEnded, match=r"^site ended by itself \(exit code 3\)\.$"), Supervisor(out) as all_:
            all_.start(failing)
        assert out.getvalue() == "site    | no database\n"

    def test_gives_up_on_one_that_never_answers(self, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processes, "SECONDS_TO_START", 0.2)
        silent = replace(sleeper(), url=f"http://127.0.0.1:{port}/")
        with pytest.raises(ProgramEnded, match=r"^Nothing answers at http"), Supervisor(io.StringIO()) as supervisor:
            supervisor.start(silent)


class TestOutput:
    def test_each_line_carries_its_programs_name(self) -> None:
        out = io.StringIO()
        run_until_one_ends(out, python("one", "import sys; print('1'); print('2', file=sys.stderr)"))
        assert sorted(out.getvalue().splitlines()) == ["one     | 1", "one     | 2"]

    def test_is_coloured_on_a_terminal_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        def shown() -> str:
            out = Terminal()
            run_until_one_ends(out, python("one", "print('text')"))
            return out.getvalue()

        monkeypatch.delenv("NO_COLOR", raising=False)
        assert shown() == "\033[36mone     | \033[0mtext\n"
        monkeypatch.setenv("NO_COLOR", "1")
        assert shown() == "one     | text\n"

    def test_survives_bytes_that_are_no_text(self) -> None:
        out = io.StringIO()
        run_until_one_ends(out, python("one", r"import sys; sys.stdout.buffer.write(b'\xff\n')"))
        assert out.getvalue() == "one     | \N{REPLACEMENT CHARACTER}\n"


class TestEnd:
    def test_one_that_ends_stops_the_others(self) -> None:
        out = io.StringIO()
        endless = python("endless", SAYS_ITS_PID)

        def run() -> None:
            with Supervisor(out) as supervisor:
                supervisor.start(endless)
                assert soon(lambda: out.getvalue().endswith("\n"))
                supervisor.start(python("short", "pass"))
                supervisor.wait()

        with pytest.raises(ProgramEnded, match=r"^short ended by itself \(exit code 0\)\.$"):
            run()
        assert not is_alive(int(out.getvalue().split("|")[1]))

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_ends_all_of_them_quietly(self, number: signal.Signals) -> None:
        before = signal.getsignal(number)
        out = io.StringIO()
        with Supervisor(out) as supervisor:
            supervisor.start(python("one", SAYS_ITS_PID), python("two", SAYS_ITS_PID))
            assert soon(lambda: out.getvalue().count("\n") == 2)
            pids = [int(line.split("|")[1]) for line in out.getvalue().splitlines()]
            assert all(is_alive(pid) for pid in pids)
            threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
            supervisor.wait()
        assert [pid for pid in pids if is_alive(pid)] == []
        assert signal.getsignal(number) == before

    def test_one_that_ignores_being_asked_is_killed_with_its_children(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(processes, "SECONDS_TO_STOP", 0.2)
        deaf = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
        out = io.StringIO()
        with Supervisor(out) as supervisor:
            supervisor.start(python("deaf", deaf))
            assert soon(lambda: out.getvalue().endswith("\n"))
        grandchild = int(out.getvalue().split("|")[1])
        assert soon(lambda: not is_alive(grandchild))
