"""`manage.py demo` and `manage.py serve`, started as people start them, on a copy of the project."""

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
import requests

from config.demo import environment as demo_environment
from tests.running import Running, copy_project, free_ports, is_listening
from tests.wording import ending

pytestmark = pytest.mark.only_on("sqlite")

# What a careless shell has set: nothing of it may reach the demo.
CARELESS = {
    "STRIPE_KEY": "sk_live_careless",
    "DATABASE_URL": "mysql://careless@db/live",
    "SITE_URL": "https://live.example.com",
    "GUNICORN_CMD_ARGS": "--bind 127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    copy = copy_project(tmp_path / "project")
    (copy / ".env").write_text("STRIPE_KEY=sk_live_hush\nDATABASE_URL=nonsense\nSTRIPE_MAX_RPS=nonsense\n")
    return copy


class Start(Protocol):
    def __call__(self, *arguments: str, **environment: str) -> Running: ...


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Start a command of the copy; what still runs at the test's end is stopped."""
    started: list[Running] = []

    def run(*arguments: str, **environment: str) -> Running:
        started.append(Running(project, *arguments, **environment))
        return started[-1]

    yield run
    for running in started:
        running.stop(signal.SIGTERM)


@pytest.fixture
def ports() -> dict[str, str]:
    return free_ports()


@pytest.fixture
def http_session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def sign_in(browser: requests.Session, site: str, login: "re.Match[str]") -> requests.Response:
    page = browser.get(f"{site}/accounts/login/", timeout=10)
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    form = {"username": login[1], "password": login[2], "csrfmiddlewaretoken": token[1]}
    return browser.post(f"{site}/accounts/login/", form, headers={"Referer": site}, timeout=10)


class TestDemo:
    def test_sells_to_a_customer_keeps_it_runs_once_and_moves_to_other_ports(
        self, project: Path, start: Start, ports: dict[str, str], http_session: requests.Session
    ) -> None:
        site = f"http://127.0.0.1:{ports['PORT']}"
        first = start("demo", **CARELESS, **ports)
        staff = first.read_until(r"^staff: (\S+) / (\S+)$")
        customer = first.read_until(r"^customer: (\S+) / (\S+)$")
        first.read_until(r"^sync .* complete")
        assert "Starter" in http_session.get(f"{site}/", timeout=10).text
        assert "¥4,800" in http_session.get(f"{site}/", timeout=10).text
        assert "Starter" in sign_in(http_session, site, customer).text
        with requests.Session() as office:
            office.trust_env = False
            sign_in(office, site, staff)
            assert office.get(f"{site}/admin/billing/product/", timeout=10).status_code == 200

        file = project / demo_environment.FILE
        settings_of_first = file.read_text()
        rival = start("demo", **free_ports())
        assert rival.read_to_the_end() == "The demo runs already, started from this folder: Ctrl-C there stops it\n"
        assert rival.process.returncode == 1
        assert file.read_text() == settings_of_first

        assert first.stop() == 0
        assert "Traceback" not in first.text
        assert first.text == ending("\nStopped.\n")
        assert not any(is_listening(port) for port in ports.values())
        assert "live" not in settings_of_first
        assert file.stat().st_mode & 0o077 == 0

        file.write_text(f"{settings_of_first}SYNC_INTERVAL_SECONDS=60\n")
        moved = free_ports()
        site = f"http://127.0.0.1:{moved['PORT']}"
        second = start("demo", **moved)
        second.read_until(r"^staff: ")
        again = second.read_until(r"^customer: (\S+) / (\S+)$")
        assert "POST /v1/products" not in second.text
        assert "Starter" in sign_in(http_session, site, again).text
        assert second.stop(signal.SIGTERM) == 0
        before, after = settings_of_first.splitlines(), file.read_text().splitlines()
        assert {line for line in after if line not in before} == {
            "SYNC_INTERVAL_SECONDS=60",
            f"PORT={moved['PORT']}",
            f"SITE_URL={site}",
            f"STRIPE_API_BASE=http://127.0.0.1:{moved['SANDBOX_PORT']}",
        }
        assert len(after) == len(before) + 1

    @pytest.mark.parametrize("name", ["PORT", "SANDBOX_PORT"])
    def test_says_which_port_is_taken(self, start: Start, ports: dict[str, str], name: str) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", int(ports[name])))
            taken.listen()
            running = start("demo", **ports)
            output = running.read_to_the_end()
        assert running.process.returncode == 1
        assert output == (
            f"CommandError: Port {ports[name]} is taken by another program. "
            f"Choose another one, as in {name}={int(ports[name]) + 1}.\n"
        )

    def test_refuses_one_port_for_both(self, project: Path, start: Start, ports: dict[str, str]) -> None:
        running = start("demo", PORT=ports["PORT"], SANDBOX_PORT=ports["PORT"])
        assert running.read_to_the_end() == "PORT and SANDBOX_PORT must differ\n"
        assert running.process.returncode == 1
        assert not (project / demo_environment.FILE).exists()

    def test_refuses_settings_that_are_not_its_own(self, project: Path, start: Start) -> None:
        (project / ".env").write_text("SECRET_KEY=mine\n")
        code = "from django.core.management import call_command; call_command('demo')"
        running = start("shell", "-v0", "-c", code)
        output = running.read_to_the_end()
        assert "Run the demo as `make demo`" in output
        assert running.process.returncode != 0


class TestServe:
    def test_runs_the_site_and_the_sync_on_its_own_settings(
        self, project: Path, start: Start, ports: dict[str, str], http_session: requests.Session
    ) -> None:
        (project / ".env").write_text(
            "SECRET_KEY=mine\nSTRIPE_KEY=sk_test_mine\nSTRIPE_WEBHOOK_SECRET=whsec_mine\n"
            f"STRIPE_API_BASE=http://127.0.0.1:9\nPORT={ports['PORT']}\n"
        )
        running = start("serve", "--workers", "1")
        running.read_until(r"^Standing Order is running at http://127\.0\.0\.1:" + ports["PORT"])
        running.read_until(r"^sync .*NOT complete")
        assert http_session.get(f"http://127.0.0.1:{ports['PORT']}/healthz", timeout=10).json() == {"status": "ok"}
        assert (project / "db.sqlite3").exists()
        assert running.stop() == 0
        assert "Traceback" not in running.text
        assert not is_listening(ports["PORT"])
