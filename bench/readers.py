"""Made-up readers: each signs up through the real pages, reads its mails in the outbox, and presses what it likes."""

import email
import email.policy
import http.client
import random
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

HUMAN_PAUSE_S = 2.3  # a person is slower than the time trap and than the rule that tells machines' clicks
NAMES = ["Ada", "Bruno", "Chiara", "Dai", "Élodie", "Farid", "Grace", "Hanna", "Ines", "João", "", "李明", "محمد"]
ZONES = ["Europe/London", "Europe/Rome", "America/New_York", "Asia/Kolkata", ""]


@dataclass
class Reader:
    """What one reader will do, drawn beforehand, and what came of it."""

    number: int
    form: str
    name: str
    zone: str
    confirms: bool
    leaves_after: int = 0  # the mail, counted from 1; 0: never
    bounces_after: int = 0
    books_from: int = 0
    says_booked: bool = False
    clicks: float = 0.0
    mails: list[EmailMessage] = field(default_factory=list)
    done: bool = False

    @property
    def address(self) -> str:
        return f"reader-{self.number}@example.org"

    @property
    def network(self) -> str:
        return f"198.51.{self.number % 250}.{self.number // 250 + 1}"


def cast(count: int, forms: list[str], seed: int) -> list[Reader]:
    """`count` readers of mixed habits, the same for the same seed."""
    dice = random.Random(seed)
    return [_drawn(dice, number, forms[number % len(forms)]) for number in range(count)]


def _drawn(dice: random.Random, number: int, form: str) -> Reader:
    reader = Reader(number, form, dice.choice(NAMES), dice.choice(ZONES), number * 0.4142 % 1 < 0.88)
    # Spread evenly instead of drawn, so that a few readers already hold somebody of each kind.
    fate = number * 0.6180 % 1
    if fate < 0.08:
        reader.leaves_after = dice.randint(2, 7)
    elif fate < 0.11:
        reader.bounces_after = dice.randint(2, 5)
    elif fate < 0.30:
        reader.books_from = dice.choice([7, 7, 8])
    elif fate < 0.34:
        reader.says_booked = True
    reader.clicks = dice.choice([0.0, 0.3, 0.8])
    return reader


class Site:
    """The service as a browser sees it: no cookies, no script."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc

    def ask(self, method: str, url: str, network: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
        """Status, body and Location of one request."""
        parts = urlsplit(urljoin(self.base_url, url))
        connection = http.client.HTTPConnection(self.host, timeout=30)
        headers = {"X-Forwarded-For": network, "User-Agent": "Mozilla/5.0 (rehearsal)"}
        body = None
        if form is not None:
            body = urlencode(form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, parts.path + (f"?{parts.query}" if parts.query else ""), body, headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        connection.close()
        return answer.status, text, answer.getheader("Location") or ""

    def fill_in(self, url: str, network: str, typed: dict[str, str]) -> tuple[int, str, str]:
        """Opens a page, takes its time, and sends its last form back with what was typed."""
        _, page, _ = self.ask("GET", url, network)
        found = Fields.of(page)
        time.sleep(HUMAN_PAUSE_S)
        return self.ask("POST", found.action or url, network, found.hidden | typed)


class Fields(HTMLParser):
    """The action and the hidden fields of the last POST form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.hidden: dict[str, str] = {}

    @classmethod
    def of(cls, page: str) -> "Fields":
        found = cls()
        found.feed(page)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post":
            self.action, self.hidden = given.get("action", ""), {}
        elif tag == "input" and given.get("type") == "hidden":
            self.hidden[given["name"]] = given.get("value", "")


def read_mail(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def links(mail: EmailMessage) -> list[str]:
    """Every address in the text part, in order."""
    part = mail.get_body(("plain",))
    return re.findall(r"https?://[^\s<>()\"]+[^\s<>()\".,;]", part.get_content()) if part else []


def act(reader: Reader, mail: EmailMessage, site: Site, environment: dict[str, str]) -> None:
    """What the reader does with one mail."""
    found = links(mail)
    if confirm := [link for link in found if "/confirm/" in link]:
        if reader.confirms and not reader.done:
            site.fill_in(confirm[0], reader.network, {})
        return
    if not mail["List-Unsubscribe"]:
        return  # a notice: nothing to press
    reader.mails.append(mail)
    place = len(reader.mails)
    time.sleep(HUMAN_PAUSE_S)
    tracked = [link for link in found if "/go/" in link]
    if place == reader.leaves_after:
        leave(mail, site, reader)
    elif place == reader.bounces_after:
        bounce(mail, reader, environment)
    elif place >= 7 and (place == reader.books_from or reader.says_booked):
        for link in tracked:
            _, _, location = site.ask("GET", link, reader.network)
            if reader.says_booked and "/booked/" in location:
                site.fill_in(location, reader.network, {})
            elif reader.books_from and "/book?" in location:
                typed = {"name": reader.name or "A reader", "email": reader.address, "suits": "Tuesday mornings"}
                site.fill_in(location, reader.network, typed)
    elif tracked and random.random() < reader.clicks:
        site.ask("GET", tracked[0], reader.network)


def leave(mail: EmailMessage, site: Site, reader: Reader) -> None:
    """RFC 8058: what the mail program's own button does."""
    url = mail["List-Unsubscribe"].strip("<> ")
    site.ask("POST", url, reader.network, {"List-Unsubscribe": "One-Click"})


def bounce(mail: EmailMessage, reader: Reader, environment: dict[str, str]) -> None:
    """A mail server answers with an RFC 3464 report, piped in as operations.md says."""
    sender = mail["X-Envelope-From"] or mail["Return-Path"] or ""
    report = f"""From: MAILER-DAEMON@example.org
To: {sender.strip("<> ")}
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

The address does not exist.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {reader.address}
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""
    subprocess.run(
        [str(Path(sys.executable).with_name("flask")), "--app", "wsgi", "bounces", "read"],
        input=report.encode(), env=environment, check=True, capture_output=True,
    )  # fmt: skip
