"""Debian's Firefox on the real app: the fixture `firefox`, which conftest.py brings in. One browser a process."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright._impl._driver import compute_driver_executable

from tests import puppeteer

PROGRAM = "firefox-esr"
START_TIMEOUT_S = 60
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010"}  # as WebDriver writes them
DRIVER = Path(__file__).with_suffix(".mjs")
# What a Firefox asks of others by itself; nothing that a page can tell.
PREFS = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """One browser with one window, driven by orders. `begins` names a frame by how its address begins."""

    def __init__(self, folder: Path) -> None:
        (folder / "user.js").write_text(
            "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFS.items())
        )
        ways = ["--headless", "--no-remote", "--remote-debugging-port=0", "--remote-allow-system-access"]
        self.said = folder / "said"
        with self.said.open("wb") as said:
            self.browser = subprocess.Popen(
                [PROGRAM, *ways, "--profile", str(folder)],
                env=os.environ | {"HOME": str(folder), "MOZ_CRASHREPORTER_DISABLE": "1"},
                stdout=said,
                stderr=said,
            )
        node, _ = compute_driver_executable()
        self.driver = subprocess.Popen(
            [node, DRIVER, puppeteer.ENTRY, self._address()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _address(self) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (found := re.search(r"WebDriver BiDi listening on (ws://\S+)\s", self.said.read_text())):
            assert self.browser.poll() is None, self.said.read_text()
            assert time.monotonic() < deadline, self.said.read_text()
            time.sleep(0.05)
        return found[1]

    def order(self, order: str, **values: Any) -> Any:
        assert self.driver.stdin
        assert self.driver.stdout
        self.driver.stdin.write(json.dumps({"order": order} | values) + "\n")
        self.driver.stdin.flush()
        answer = json.loads(self.driver.stdout.readline())
        assert "wrong" not in answer, answer["wrong"]
        return answer["found"]

    def open(self, url: str, script: bool = True, width: int = 0, height: int = 800) -> None:
        """A fresh window without cookies."""
        self.order("own", expression=f"Services.prefs.setBoolPref('javascript.enabled', {json.dumps(script)})")
        self.order("open", url=url, width=width, height=height)

    def see(self, expression: str, begins: str = "") -> Any:
        return self.order("see", expression=expression, begins=begins)

    def until(self, expression: str, begins: str = "") -> Any:
        """Waits until it is true there, and gives what it is."""
        return self.order("until", expression=expression, begins=begins)

    def says(self, words: str, begins: str = "") -> None:
        self.until(f"document.body?.innerText.includes({json.dumps(words)})", begins)

    def tab_to(self, name: str, begins: str = "", most: int = 20) -> None:
        """Goes there by keyboard: to the field of that name, or the button or link of those words."""
        here = f"(one => document.hasFocus() && [one.name, one.textContent].includes({json.dumps(name)}))"
        for _ in range(most):
            self.press("Tab")
            if self.see(f"{here}(document.activeElement)", begins):
                return
        raise AssertionError(f"{name} is not reached within {most} presses of Tab")

    def press(self, key: str) -> None:
        self.type(KEYS[key])

    def type(self, text: str) -> None:
        self.order("press", keys=text)

    def close(self) -> None:
        """Ends both, by asking the driver first; whoever does not end is ended."""
        assert self.driver.stdin
        with contextlib.suppress(BrokenPipeError):  # a driver that broke off
            self.driver.stdin.close()
        for process in (self.driver, self.browser):
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def firefox() -> Iterator[Firefox]:
    if not shutil.which(PROGRAM) or not puppeteer.ENTRY.exists():
        words = f"{PROGRAM} or puppeteer-core is missing: `make browser` says how to get them"
        if os.environ.get("CI"):
            pytest.fail(words)
        pytest.skip(words)
    with tempfile.TemporaryDirectory(prefix="funnel-firefox-", ignore_cleanup_errors=True) as folder:
        opened = Firefox(Path(folder))
        yield opened
        opened.close()
