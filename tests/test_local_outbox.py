"""The local catcher takes mail as a real server does, and the outbox lists it."""

import asyncio
import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from funnel.local import catcher, outbox, ports


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    found = ports.free()
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(catcher.listen(tmp_path, found))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield found
    loop.call_soon_threadsafe(server.close)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def a_mail(subject: str = "Your back") -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Alessandro <a@example.org>", "reader@example.org", subject
    mail.set_content("First line\n.a line with a dot\n")
    return mail


def send(port: int, mail: EmailMessage, *recipients: str) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(mail, "bounces+1@example.org", recipients or ("reader@example.org",))


def test_a_mail_is_kept_byte_for_byte_below_its_envelope(port: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.sendmail("bounces+1@example.org", ["a@example.org", "b@example.org"], b"Subject: x\r\n\r\n.dot\r\n")
    assert outbox.read(tmp_path, 1) == (
        b"X-Envelope-From: <bounces+1@example.org>\r\nX-Envelope-To: <a@example.org>\r\n"
        b"X-Envelope-To: <b@example.org>\r\nSubject: x\r\n\r\n.dot\r\n"
    )


def test_mails_are_listed_newest_first_with_their_headers_decoded(port: int, tmp_path: Path) -> None:
    send(port, a_mail())
    send(port, a_mail("Rücken — 腰 🧘"))
    newest, oldest = outbox.mails(tmp_path)
    assert (newest.number, newest.subject) == (2, "Rücken — 腰 🧘")
    assert (oldest.number, oldest.to, oldest.sender) == (1, "reader@example.org", "Alessandro <a@example.org>")
    assert oldest.size == len(outbox.read(tmp_path, 1))


def test_an_address_beyond_ascii_is_taken(port: int, tmp_path: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        assert server.has_extn("smtputf8")
        server.sendmail("a@example.org", ["jürgen@example.org"], b"Subject: x\r\n\r\n", ["SMTPUTF8"])
    assert "X-Envelope-To: <jürgen@example.org>".encode() in outbox.read(tmp_path, 1)


def test_a_mail_that_is_too_large_is_refused(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.ehlo()
        assert server.esmtp_features["size"] == str(35 * 1024 * 1024)
        code, _ = server.docmd("MAIL", f"FROM:<a@example.org> SIZE={36 * 1024 * 1024}")
        assert code == 552


def test_a_mail_that_cannot_be_kept_is_put_off(port: int, tmp_path: Path) -> None:
    (tmp_path / "1.new").mkdir()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(port, a_mail())
    assert refused.value.smtp_code == 452


def test_numbers_go_on_after_a_restart_and_half_written_mails_go(tmp_path: Path) -> None:
    outbox.store(tmp_path, 41, "a@example.org", [], b"x")
    (tmp_path / "42.new").write_bytes(b"half")
    assert catcher.Catcher(tmp_path).last == 41
    assert not (tmp_path / "42.new").exists()


def test_only_the_newest_mails_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "KEPT_MAILS", 3)
    for number in range(1, 6):
        outbox.store(tmp_path, number, "a@example.org", [], b"x")
    assert outbox.numbers(tmp_path) == [5, 4, 3]


def test_pages_hold_fifty_mails(tmp_path: Path) -> None:
    for number in range(1, outbox.PAGE_MAILS + 3):
        outbox.store(tmp_path, number, "a@example.org", [], b"x")
    assert [mail.number for mail in outbox.mails(tmp_path, 2)] == [2, 1]
    assert outbox.mails(tmp_path, 3) == []


def test_an_outbox_that_was_never_used_is_empty(tmp_path: Path) -> None:
    assert outbox.mails(tmp_path / "none") == []


def test_a_mail_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        outbox.read(tmp_path, 7)


@pytest.mark.parametrize("subject", [b"=?nonsense?b?x?=", b"=?utf-8?b?!!!?=", b"caf\xe9", b""])
def test_a_broken_subject_is_shown_as_it_came(tmp_path: Path, subject: bytes) -> None:
    outbox.store(tmp_path, 1, "a@example.org", [], b"Subject: " + subject + b"\r\n\r\n")
    assert isinstance(outbox.mails(tmp_path)[0].subject, str)
