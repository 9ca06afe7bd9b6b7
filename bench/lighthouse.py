"""Lighthouse, Google's judge of web pages: installed for the bench only, at the version that its lock names."""

import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.program import ROOT

PINNED = ROOT / "bench" / "lighthouse"  # package.json, and its lock with a hash of every part
INSTALLED = ROOT / "var" / "bench" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
ATTEMPTS = 3  # on a busy machine it may see no page begin, and asks to be run again
BROWSER = ("chromium", "chromium-browser", "google-chrome")
FLAGS = "--headless=new --no-sandbox --disable-gpu"
HOW_TO_INSTALL = "Lighthouse needs node, npm and chromium (Debian: sudo apt-get install nodejs npm chromium)"


def is_possible() -> bool:
    return bool(shutil.which("node") and shutil.which("npm") and _browser())


def install() -> None:
    """Puts it into var/bench, once a lock."""
    lock = PINNED / "package-lock.json"
    done = INSTALLED / "done"
    if done.exists() and done.read_text() == lock.read_text():
        return
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for path in PINNED.glob("package*.json"):
        shutil.copy(path, INSTALLED)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=INSTALLED, check=True)
    done.write_text(lock.read_text())


def judged(url: str, into: Path, loads: str = "") -> tuple[dict[str, float], list[str]]:
    """The score of each category, of 100, as a phone of the middle sees the page; and what is not perfect.

    Raises RuntimeError when nothing was loaded from an address that holds `loads`.
    """
    program = INSTALLED / "node_modules" / "lighthouse" / "cli" / "index.js"
    words = ["node", str(program), url, "--quiet", "--output=json", f"--output-path={into}",
             f"--chrome-flags={FLAGS}", f"--only-categories={','.join(CATEGORIES)}"]  # fmt: skip
    told = os.environ | {"CHROME_PATH": _browser() or "", "NO_UPDATE_NOTIFIER": "1"}
    for _ in range(ATTEMPTS):
        ended = subprocess.run(words, check=False, env=told, capture_output=True, text=True, timeout=300)
        if not ended.returncode:
            break
    else:
        raise RuntimeError(f"Lighthouse could not look at {url}: {ended.stderr[-2000:]}")
    found = json.loads(into.read_text())
    asked = [
        item["url"] for item in found["audits"]["network-requests"]["details"]["items"] if item["statusCode"] == 200
    ]
    if not any(loads in address for address in asked):
        raise RuntimeError(f"nothing with {loads} was loaded by {url}, but {asked}")
    scores = {name: found["categories"][name]["score"] * 100 for name in CATEGORIES}
    weighed = {part["id"] for each in found["categories"].values() for part in each["auditRefs"] if part["weight"]}
    audits = [found["audits"][name] for name in sorted(weighed)]
    short = [each for each in audits if each["score"] is not None and each["score"] < 0.9]
    return scores, [f"{each['title']} {each.get('displayValue', '')}".strip() for each in short]


@contextmanager
def host_page(inside: str) -> Iterator[str]:
    """Somebody's blog on another origin, with our code pasted into an article; its address."""
    long = "<p>" + "The back is made to move, and a chair is not made to let it. " * 12 + "</p>"
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A post on another site</title>'
        '<meta name="description" content="What a back needs."><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,">'
        f"</head><body><main><h1>A post on another site</h1>{long * 3}{inside}{long * 3}</main></body></html>"
    ).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            is_page = self.path == "/"
            self.send_response(200 if is_page else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page if is_page else b"")

        def log_message(self, *_: object) -> None:
            """The bench says what it saw."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _browser() -> str | None:
    return next(filter(None, map(shutil.which, BROWSER)), None)
