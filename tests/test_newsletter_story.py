"""A newsletter's whole way by the browser, while its mails leave slowly and the worker that sends is killed twice."""

import os
import re
import signal
import threading
import time

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, insert, select, update

from bench.program import Program
from funnel.db import Session, utc_now
from funnel.mail import delivery
from funnel.models.content import Newsletter
from funnel.models.mail import Message, MessageKind, MessageState
from funnel.models.people import Subscriber, SubscriberState
from funnel.programme import settling
from funnel.web.owner import accounts
from tasks.mail import send_urgent
from tasks.newsletters import work
from tests.owner_data import EMAIL, PASSWORD

PEOPLE = 5_000
DELAY_S = 0.02  # before each answer of the mail server
CONNECTIONS = 6
PATIENCE_S = 60
PREHEADER = "Which chair is the best one? The one you leave every half hour."

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]


def wait_until(holds):
    deadline = time.monotonic() + PATIENCE_S
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


class Workers:
    """The sending processes and the clock of a service, and the mail server that it hands its mails to."""

    def __init__(self, folder, setting):
        self.folder = folder
        self.server = Program("bench.rough", "0", str(folder / "taken"), environ=os.environ, log=folder / "log")
        self.server.wait_until_ready()
        port = self.server.ready["port"]
        setting(SMTP_URL=f"smtp://127.0.0.1:{port}?starttls=never&pool={CONNECTIONS}", DATA_DIR=str(folder / "data"))
        self.nest = Program("bench.nest", environ=os.environ, log=folder / "log").wait_until_ready()
        self.server.ask("rough", delay_s=DELAY_S)
        self.over = threading.Event()
        self.clock = threading.Thread(target=self.tick)
        self.clock.start()
        self.pid = self.hatch()

    def hatch(self):
        return self.nest.ask("hatch")["pid"]

    def tick(self):
        try:
            while not self.over.wait(0.2):
                work()
                send_urgent()
        finally:
            delivery.close()

    def kill(self):
        """Kills the one that sends; another one follows."""
        os.kill(self.pid, signal.SIGKILL)
        self.pid = self.hatch()

    def taken(self):
        """The number of each mail that the server took, as often as it did."""
        return [int(line) for line in (self.folder / "taken").read_text().split()]

    def stop(self):
        self.over.set()
        self.clock.join()
        self.nest.stop()
        self.server.stop()


@pytest.fixture
def workers(live, tmp_path, setting):
    started = Workers(tmp_path, setting)
    yield started
    started.stop()


@pytest.fixture
def window(session, live, page):
    accounts.create(session, EMAIL, PASSWORD, utc_now())
    person = {"first_name": "Ada", "state": SubscriberState.ACTIVE, "time_zone": "Europe/London", "source": ""}
    now = utc_now()
    people = [
        person | {"email": f"reader-{at}@example.org", "created_at": now, "confirmed_at": now} for at in range(PEOPLE)
    ]
    session.execute(insert(Subscriber), people)
    session.commit()
    opened = page(width=360)
    opened.goto(f"{live}/owner/sign-in")
    opened.get_by_label("Address").fill(EMAIL)
    opened.get_by_label("Password").fill(PASSWORD)
    opened.get_by_role("button", name="Sign in").click()
    opened.wait_for_url("**/owner/")
    return opened


def press(window, name):
    window.get_by_role("button", name=name).click()


def send(window):
    window.get_by_role("link", name="Send it …").click()
    press(window, "Go on to the sum")
    press(window, "Send to 5,000 people")
    expect(window.get_by_role("timer")).to_have_text(re.compile(r"[45]:\d\d left"))


def number(window, place):
    return int(window.locator(f"[data-told='counts.{place}']").inner_text().replace(",", ""))


def test_written_tested_scheduled_undone_sent_paused_resumed_and_cancelled_while_workers_are_killed(
    session, live, window, workers
):
    window.goto(f"{live}/owner/newsletters")
    press(window, "Write the first")
    window.locator("#subject").fill("Chairs")
    window.locator("#preheader").fill(PREHEADER)
    window.locator("#body").fill('Hello {{ first_name | default("there") }},\n\nsit less.\n')
    press(window, "Send a test")
    expect(window.get_by_text("Its subject begins with [TEST]", exact=False).last).to_be_visible()
    window.locator("#editor").get_by_role("button", name="Save", exact=True).click()
    window.wait_for_url("**/owner/newsletters/1")
    wait_until(workers.taken)  # the test, of the urgent queue

    send(window)
    press(window, "Undo, back to the draft")
    expect(window.get_by_text("nobody got it")).to_be_visible()
    send(window)
    with Session.begin() as own:  # five minutes later
        own.execute(update(Newsletter).values(starts_at=utc_now()))

    window.reload()
    window.locator("[data-progress]").wait_for(timeout=PATIENCE_S * 1000)  # the page loads itself anew
    wait_until(lambda: number(window, "sent") > 200)  # without reloading
    workers.kill()
    sent = number(window, "sent")
    wait_until(lambda: number(window, "sent") > sent + 200)

    press(window, "Pause")
    wait_until(lambda: number(window, "in_hand") == 0)
    held = len(workers.taken())
    expect(window.get_by_text(re.compile("Nothing leaves. [0-9,]+ mails held."))).to_be_visible()
    window.reload()
    assert len(workers.taken()) == held
    press(window, "Go on")
    wait_until(lambda: len(workers.taken()) > held + 200)
    workers.kill()

    window.get_by_role("link", name="Cancel …").click()
    expect(window.get_by_text("have been accepted")).to_be_visible()
    press(window, "Cancel it, send no more")
    expect(window.get_by_role("heading", name="It was cancelled")).to_be_visible(timeout=PATIENCE_S * 1000)

    assert_adds_up(session, window.locator(".sum").inner_text(), workers.taken())


def assert_adds_up(session, line, taken):
    """What the page says is what is in the database and at the server: nothing lost, nothing twice."""
    planned, *parts = (int(found.replace(",", "")) for found in re.findall(r"[\d,]+", line))
    assert planned == PEOPLE == sum(parts)
    states = settling.recounted(session, [1])
    assert sum(states.values()) == PEOPLE
    assert parts[0] == states[MessageState.SENT]
    assert parts[1] == states[MessageState.SKIPPED] > 1_000
    unknown = states.get(MessageState.UNKNOWN, 0)
    assert unknown <= 2 * CONNECTIONS
    letters = set(session.scalars(select(Message.id).where(Message.kind == MessageKind.NEWSLETTER)))
    arrived = [one for one in taken if one in letters]
    assert len(arrived) == len(set(arrived))
    sent = set(
        session.scalars(select(Message.id).where(Message.newsletter_id == 1, Message.state == MessageState.SENT))
    )
    assert sent <= set(arrived)
    assert len(arrived) <= len(sent) + unknown
    assert session.scalar(select(func.count()).select_from(Message)) == PEOPLE + 1
