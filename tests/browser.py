"""A real browser on the real app: the fixtures `browser`, `live` and `page`, which conftest.py brings in."""

import threading
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from funnel.local import ports

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"  # headless Chromium says so
PHONE, DESK = 360, 1440

Pages = Callable[..., Page]


@pytest.fixture
def live(clean, setting) -> Iterator[str]:  # type: ignore[no-untyped-def]
    """The app on a loopback port of its own. Gives its address, which is BASE_URL too."""
    from tests import shared_app

    port = ports.free()
    setting(BASE_URL=f"http://127.0.0.1:{port}", PORT=str(port))
    server = make_server("127.0.0.1", port, shared_app.current(), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Pages]:
    """page(scheme="dark", width=360, script=False, **context) opens a fresh window without cookies."""
    contexts = []

    def opened(scheme: str = "light", width: int = DESK, script: bool = True, **options: object) -> Page:
        context = browser.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 800},
            user_agent=PERSON,
            java_script_enabled=script,
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
