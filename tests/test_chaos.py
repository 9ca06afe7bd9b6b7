"""The short form of `make chaos`: what its long form does for a quarter of an hour, with fewer blows and mails."""

import os
import signal
import smtplib
import subprocess
import sys
import time

import psutil
import pytest

from bench.account import Account
from bench.chaos import ACTS, SHORT
from bench.program import ROOT, Program

MAIL = "Message-ID: <{}.ab@example.org>\r\n\r\n--x\r\n--x--\r\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_is_lost_or_sent_twice_whatever_is_killed():
    words = [sys.executable, "-m", "bench.chaos", "--short", "--seed", "7"]
    result = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("sound  ") == len(SHORT) + 1
    assert "twice 0" in result.stdout.splitlines()[-1]


def test_an_account_is_sound_only_when_every_mail_is_where_it_should_be():
    right = {"planned": 10, "even": True, "unknown": 2, "allowed": 2}
    assert Account("all is well", 10, **right).sound
    for wrong in ({"lost": 1}, {"twice": 1}, {"astray": 1}, {"unknown": 3}, {"even": False}, {"planned": 9}):
        assert not Account("not so", 10, **right | wrong).sound


@pytest.fixture
def rough(tmp_path):
    started = Program("bench.rough", "0", str(tmp_path / "taken"), environ=os.environ, log=tmp_path / "log")
    yield started.wait_until_ready()
    started.stop()


def send(rough: Program, *numbers: int) -> None:
    for number in numbers:
        with smtplib.SMTP("127.0.0.1", rough.ready["port"]) as client:
            client.sendmail("a@example.org", f"reader-{number}@example.org", MAIL.format(number))


def taken(tmp_path) -> list[int]:
    return [int(line) for line in (tmp_path / "taken").read_text().split()]


def test_the_rough_sink_writes_down_what_it_took_before_it_answers(rough, tmp_path):
    rough.ask("rough", rules=[{"at": "dot", "does": "taken", "match": "reader-2@"},
                              {"at": "dot", "does": "drop", "match": "reader-3@"},
                              {"at": "dot", "does": "answered", "match": "reader-4@"},
                              {"at": "RCPT", "does": "550 5.1.1 no", "match": "reader-5@"}])  # fmt: skip
    send(rough, 1, 1)
    for number in (2, 3):
        with pytest.raises(smtplib.SMTPServerDisconnected):
            send(rough, number)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        send(rough, 5)
    send(rough, 4)
    assert taken(tmp_path) == [1, 1, 2, 4]
    assert rough.ask("glance")["cuts"] == 3


def test_the_rough_sink_notices_a_mail_in_pieces(rough, tmp_path):
    with smtplib.SMTP("127.0.0.1", rough.ready["port"]) as client:
        client.sendmail("a@example.org", "b@example.org", "Message-ID: <9.ab@example.org>\r\n\r\n--x\r\n")
    assert taken(tmp_path) == [0]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_the_nest_hatched_ends_with_it_even_when_it_is_killed(tmp_path):
    told = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "DATA_DIR": str(tmp_path / "data"),
            "SMTP_URL": "smtp://127.0.0.1:1?starttls=never", "SECRET_KEY": "x" * 40}  # fmt: skip
    nest = Program("bench.nest", environ=told, log=tmp_path / "log").wait_until_ready()
    pid = nest.ask("hatch")["pid"]
    os.kill(nest.process.pid, signal.SIGKILL)
    nest.stop()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_every_act_is_in_the_long_form_with_its_blows():
    assert sum(blows for _, blows, _ in ACTS.values()) > 300
