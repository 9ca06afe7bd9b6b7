"""One reader's whole way on the real service, all its processes running: the post, the mails, the booking, the owner.

A day lasts a second here. With PICTURES set to a folder, what the browser saw is kept there.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from bench.readers import Site, links
from funnel.local import ports

ROOT = Path(__file__).parent.parent
OWNER, PASSWORD = "owner@example.org", "four random words here"
INVITATION = "Where remedial soft tissue therapy fits"  # the seventh mail, the first that leads to the booking page
START_TIMEOUT_S, COURSE_TIMEOUT_S, MAIL_TIMEOUT_S = 90, 90, 20

pytestmark = pytest.mark.timeout(300)


class Service:
    """`make run`, on a folder and ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        port = ports.free()
        self.url = f"http://127.0.0.1:{port}"
        self.site = Site(self.url)
        kept = {name: os.environ[name] for name in os.environ if name in {"PATH", "HOME", "LANG"} or "COV" in name}
        self.log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "funnel.local"],
            env=kept
            | {
                "DATA_DIR": str(folder / "var"),
                "PORT": str(port),
                "OUTBOX_PORT": str(ports.free()),
                "DAY_SECONDS": "1",
                "OWNER_EMAIL": OWNER,
                "OWNER_PASSWORD": PASSWORD,
                "TRUSTED_PROXIES": "1",
            },
            cwd=ROOT,
            stdout=self.log,
            stderr=self.log,
        )
        self.wait_for(self.is_ready, START_TIMEOUT_S, "ready")

    def is_ready(self) -> bool:
        try:
            return self.site.ask("GET", "/ready", "127.0.0.1")[0] == 200
        except OSError:
            return False

    def wait_for(self, holds, seconds, what):  # type: ignore[no-untyped-def]
        deadline = time.monotonic() + seconds
        while not (found := holds()):
            log = (self.folder / "log").read_text(errors="replace")[-3000:]
            assert self.process.poll() is None, log
            assert time.monotonic() < deadline, f"{what}: not within {seconds} s\n{log}"
            time.sleep(0.05)
        return found

    def mails(self, address, words=""):  # type: ignore[no-untyped-def]
        paths = sorted((self.folder / "var/outbox").glob("*.eml"), key=lambda path: int(path.stem))
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]
        return [mail for mail in found if address in mail["To"] and words in mail["Subject"]]

    def mail(self, address, words, seconds=MAIL_TIMEOUT_S):  # type: ignore[no-untyped-def]
        return self.wait_for(lambda: self.mails(address, words), seconds, f"the mail “{words}”")[0]

    def child(self, name: str) -> int:
        """The process id of one of the servers, from the supervisor's register."""
        text = (self.folder / "var/processes.json").read_text()
        for entry in json.loads(text):
            if entry["name"] == name:
                return int(entry["pid"])
        raise AssertionError(f"no {name} in {text}")

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(60)
        self.log.close()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    found = Service(tmp_path_factory.mktemp("story"))
    yield found
    found.stop()


def look(page: Page, name: str) -> None:
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def sign_up(page: Page, url: str, address: str) -> None:
    page.goto(f"{url}/posts/quadratus-lumborum")
    form = page.locator("form[action*='/f/back-care']").first
    form.get_by_label("First name").fill("Ada")
    form.get_by_label(re.compile("email", re.IGNORECASE)).fill(address)
    time.sleep(2.1)  # nobody types faster
    form.get_by_role("button").click()
    expect(page).to_have_url(re.compile("/f/back-care/sent"))


def test_from_the_post_to_the_booking_and_the_owner_sees_it(service, page):
    reader, address = page(width=390), "ada@example.org"
    sign_up(reader, service.url, address)
    look(reader, "story-sent")

    confirmation = service.mail(address, "confirm")
    assert "Ada" not in confirmation.as_string()
    reader.goto(next(link for link in links(confirmation) if "/confirm/" in link))
    reader.get_by_role("button").first.click()
    look(reader, "story-confirmed")

    # Named, not counted: a day is a second here, so a reminder to confirm may stand between the mails of the course.
    invitation = service.mail(address, INVITATION, COURSE_TIMEOUT_S)
    assert invitation["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    time.sleep(2.2)  # quicker would be a machine's click
    reader.goto(booking_link(service, invitation))
    reader.get_by_label(re.compile("name", re.IGNORECASE)).first.fill("Ada")
    reader.get_by_label(re.compile("email", re.IGNORECASE)).fill(address)
    reader.get_by_label(re.compile("suits")).fill("Tuesday mornings")
    time.sleep(2.1)
    reader.locator("main form").get_by_role("button").last.click()
    expect(reader).to_have_url(re.compile("/book/thanks"))
    look(reader, "story-booked")
    thanks = service.mail(address, "request" if service.mails(address, "request") else "")
    assert thanks
    service.mail(OWNER, "")

    desk = page(width=1440)
    desk.goto(f"{service.url}/owner/")
    desk.get_by_label(re.compile("email|address", re.IGNORECASE)).fill(OWNER)
    desk.get_by_label("Password").fill(PASSWORD)
    desk.get_by_role("button", name=re.compile("sign in", re.IGNORECASE)).click()
    expect(desk.get_by_role("heading", name="Who booked")).to_be_visible()
    look(desk, "story-owner")
    desk.goto(f"{service.url}/owner/people?q=ada")
    desk.get_by_role("link", name=address).first.click()
    expect(desk.locator("main")).to_contain_text("The course stopped: booked")


def booking_link(service, mail):  # type: ignore[no-untyped-def]
    """Where the mail's booking link leads, asked as a person's browser would."""
    for link in links(mail):
        if "/go/" in link and "/book?" in service.site.ask("GET", link, "192.0.2.7")[2]:
            return link
    raise AssertionError("no link of the mail leads to the booking page")


def test_with_redis_frozen_the_sign_up_answers_and_the_mail_leaves_when_it_is_back(service, page):
    redis = service.child("redis")
    os.kill(redis, signal.SIGSTOP)
    try:
        started = time.monotonic()
        sign_up(page(), service.url, "bruno@example.org")
        assert time.monotonic() - started < 8
        assert not service.mails("bruno@example.org")
    finally:
        os.kill(redis, signal.SIGCONT)
    service.mail("bruno@example.org", "confirm", 60)


def test_with_redis_killed_the_mail_leaves_all_the_same(service, page):
    os.kill(service.child("redis"), signal.SIGKILL)
    sign_up(page(), service.url, "chiara@example.org")
    service.mail("chiara@example.org", "confirm", 60)


def test_a_worker_killed_mid_way_sends_nothing_twice(service):
    os.kill(service.child("worker"), signal.SIGKILL)
    os.kill(service.child("urgent"), signal.SIGKILL)
    service.wait_for(service.is_ready, 60, "ready again")
    mails = service.mails("@")
    identities = [mail["Message-ID"] for mail in mails]
    assert len(identities) == len(set(identities))
