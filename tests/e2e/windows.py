"""The browser's windows, and what their consoles complain of."""

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page

PATIENCE_MS = 20_000  # A machine may be busy with other tests.
# The checkout page answers a refused card so, and the browser remarks on it.
CARD_REFUSED = "Failed to load resource: the server responded with a status of 402 (Payment Required)"


class Windows:
    """One window for each kind of person, used by test after test: to open one costs more than most tests do in it."""

    def __init__(self, browser: Browser, *, site: str) -> None:
        self.complaints: list[str] = []
        self._browser = browser
        self._site = site
        self._open: dict[tuple[str, bool], Page] = {}

    def of(self, person: str, *, javascript: bool, cookies: Any = ()) -> Page:
        """Return the person's only window, empty, holding no cookies but these."""
        page = self._open.get((person, javascript)) or self._new(javascript=javascript)
        self._open[person, javascript] = page
        for tab in page.context.pages[1:]:
            tab.close()
        page.goto("about:blank")
        page.context.clear_cookies()
        page.context.add_cookies(list(cookies))
        return page

    def _new(self, *, javascript: bool) -> Page:
        context = self._browser.new_context(base_url=self._site, java_script_enabled=javascript, locale="en-US")
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._note)
        context.on("weberror", lambda thrown: self.complaints.append(str(thrown.error)))
        return context.new_page()

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and message.text != CARD_REFUSED:
            self.complaints.append(f"{message.page and message.page.url}: {message.text}")
