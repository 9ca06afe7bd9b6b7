"""Somebody's blog for browser tests: pages on an origin that is not ours (localhost, not 127.0.0.1, and another port).

The fixture `blog`, which conftest.py brings in, puts up pages; its origin is one of the owner's sites from then on.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

PARAGRAPH = "<p>" + "The back is made to move, and a chair is not made to let it. " * 12 + "</p>\n"
POST = "<article><h1>A post on another site</h1>\n{long}{form}\n{rest}</article>"


@dataclass
class Page:
    body: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200


@dataclass
class Blog:
    """A site of pages by their paths. `asked` are the addresses that were fetched, the query among them.

    `other` is a third site, with the same pages: neither ours, nor for a browser the same site as the first.
    """

    origin: str
    other: str
    pages: dict[str, Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, path: str, inside: str, *, head: str = "", status: int = 200, **headers: str) -> str:
        """Puts up a page with `inside` in its body, and gives its address. Headers: `Content_Security_Policy="…"`."""
        body = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A blog</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{head}</head><body>{inside}</body></html>"
        )
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Page(body, {"Content-Type": "text/html; charset=utf-8", **named}, status)
        return f"{self.origin}{path}"

    def post(self, path: str, form: str, paragraphs: int = 12, **more: Any) -> str:
        """The same of an article with `form` in its middle."""
        long = PARAGRAPH * (paragraphs // 2)
        return self.put(path, POST.format(long=long, form=form, rest=long), **more)


@pytest.fixture
def blog(live: str, setting) -> Iterator[Blog]:  # type: ignore[no-untyped-def]
    """A blog beside the live app."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            page = site.pages.get(self.path.partition("?")[0], Page("", status=404))
            self.send_response(page.status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.body.encode())

        def log_message(self, *_: object) -> None:
            """A test says what it saw."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    port = server.server_port
    site = Blog(f"http://localhost:{port}", f"http://other.localhost:{port}")
    setting(SITES=site.origin)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()
