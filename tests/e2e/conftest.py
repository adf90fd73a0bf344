"""A browser in front of `make demo`: the product as it runs, with the sandbox, the sync and webhooks.

Each test runs twice, with JavaScript and without. A page that complains in the browser's console fails its test.
"""

import shutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.steps import Demo, heading, sign_in
from tests.e2e.windows import PATIENCE_MS, Windows
from tests.running import Running, copy_project, free_ports

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

OpenWindow = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_path() -> str:
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is on the PATH")


class _Files(SimpleHTTPRequestHandler):
    """What `python -m http.server` serves, without its log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def examples() -> Iterator[str]:
    """The origin at which docs/examples/ is served: another one than the site's."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Files, directory=str(settings.BASE_DIR / "docs/examples")))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def demo(browser_path: str, examples: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    ports = free_ports()
    project = copy_project(tmp_path_factory.mktemp("demo") / "project")
    # Everybody here comes from one address.
    unlimited = "".join(f"{kind}_RATE_PER_ADDRESS=0\n" for kind in ("SIGN_IN", "SIGN_UP", "BUY"))
    (project / ".env.demo").write_text(f"CORS_ALLOWED_ORIGINS={examples}\n{unlimited}")
    running = Running(project, "demo", **ports)
    try:
        staff = running.read_until(r"^staff: (\S+) / (\S+)$")
        yield Demo(
            running,
            project,
            site=f"http://127.0.0.1:{ports['PORT']}",
            sandbox=f"http://127.0.0.1:{ports['SANDBOX_PORT']}",
            staff=(staff[1], staff[2]),
        )
    finally:
        code = running.stop()
    assert code == 0
    assert "Traceback" not in running.text


# Not for the whole session: while Playwright's event loop exists, Django refuses the database to other tests.
@pytest.fixture(scope="package")
def chromium(browser_path: str) -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def javascript(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(scope="package")
def every_window(chromium: Browser, demo: Demo) -> Windows:
    return Windows(chromium, site=demo.site)


@pytest.fixture
def open_window(every_window: Windows, javascript: bool) -> Iterator[OpenWindow]:  # noqa: FBT001
    """Give a kind of person their window; in the end no page may have complained."""
    every_window.complaints.clear()
    yield partial(every_window.of, javascript=javascript)
    assert every_window.complaints == []


@pytest.fixture
def visitor(open_window: OpenWindow) -> Page:
    """The window of somebody who has come for the first time."""
    return open_window("visitor")


@pytest.fixture(scope="package")
def staff_cookies(every_window: Windows, demo: Demo) -> Any:
    """What the browser of a staff user holds after signing in; nobody signs out."""
    page = every_window.of("staff", javascript=True)
    page.goto("/admin/")
    sign_in(page, *demo.staff)
    expect(heading(page, "Site administration")).to_be_visible()
    return page.context.cookies()


@pytest.fixture
def staff_window(open_window: OpenWindow, staff_cookies: Any) -> Page:
    """The window of a staff user who has signed in to the admin."""
    return open_window("staff", cookies=staff_cookies)
