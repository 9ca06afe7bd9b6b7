"""The bench's own tools: a measure that is wrong is worse than none."""

import importlib
import json
import os
import random
import smtplib
import socket
import subprocess
import sys
import time

import pytest

import bench.__main__
from bench import likeness, page, picture, table
from bench.program import Program, ProgramError
from bench.table import Results, Row

MAIL = "Message-ID:\r\n <{}@example.org>\r\nSubject: A mail\r\n\r\nHello\r\n..\r\n"


@pytest.fixture
def counting(tmp_path):
    started = Program("bench.sink", environ=os.environ, log=tmp_path / "log").wait_until_ready()
    yield started
    started.stop()
    assert started.process.returncode == 0, started.tail()


def send(sink: Program, *numbers: int, to: str = "reader@example.org") -> None:
    with smtplib.SMTP("127.0.0.1", sink.ready["port"]) as client:
        for number in numbers:
            client.sendmail("bench@example.org", [to], MAIL.format(number))


def test_the_sink_finds_the_mail_that_came_twice(counting):
    send(counting, 1, 2, 3)
    assert counting.ask("report")["duplicates"] == 0
    send(counting, 2)
    found = counting.ask("report")
    assert (found["mails"], found["ids"], found["twice"]) == (4, 3, ["<2@example.org"])
    assert (found["connections"], found["open"], found["most_open"]) == (2, 0, 1)
    assert 0 < found["first"] < found["last"] <= time.monotonic()


def test_the_sink_counts_anew_after_a_reset_and_only_when_told_to(counting):
    send(counting, 1)
    counting.ask("reset", ids=False)
    send(counting, 1, 1)
    found = counting.ask("report")
    assert (found["mails"], found["ids"], found["duplicates"]) == (2, 0, 0)


def test_the_sink_reads_a_pipeline_cut_anywhere(counting):
    """Also in the middle of a dot, and a mail of nothing at all."""
    envelope = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n"
    whole = (
        f"EHLO bench\r\n{envelope}{MAIL.format(1)}.\r\n{envelope}.\r\n{envelope}{MAIL.format(2)}.\r\nQUIT\r\n".encode()
    )
    for size in (1, 7, len(whole)):
        counting.ask("reset")
        with socket.create_connection(("127.0.0.1", counting.ready["port"])) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(whole), size):
                client.sendall(whole[at : at + size])
            said = b"".join(iter(lambda: client.recv(65536), b""))
        found = counting.ask("report")
        assert (found["mails"], found["ids"], found["nameless"]) == (3, 2, 1)
        assert found["bytes"] == 2 * len(MAIL.format(1))
        assert said.count(b"\r\n") == 1 + 5 + 3 * 4 + 1
        assert said.endswith(b"221 2.0.0 Bye\r\n")


def test_a_slow_sink_answers_later_on_all_connections_at_once(counting):
    counting.ask("reset", delay_s=0.2)
    clients = [socket.create_connection(("127.0.0.1", counting.ready["port"])) for _ in range(20)]
    began = time.monotonic()
    for client in clients:
        client.sendall(b"NOOP\r\n" * 3)
    for client in clients:
        with client, client.makefile("rb") as lines:
            assert [lines.readline()[:3] for _ in range(4)] == [b"220", b"250", b"250", b"250"]
    assert 0.19 < time.monotonic() - began < 2


def test_the_sink_keeps_when_the_watched_ones_were_accepted(counting):
    counting.ask("reset", watch="probe.example.org")
    before = time.monotonic()
    send(counting, 1)
    send(counting, 2, to="one@probe.example.org")
    found = counting.ask("report")["watched"]
    assert found.keys() == {"one@probe.example.org"}
    assert before < found["one@probe.example.org"] < time.monotonic()


def test_a_program_that_died_is_named_with_its_last_words(tmp_path):
    with pytest.raises(ProgramError, match=r"bench\.blaster has ended(.|\n)*TypeError"):
        Program("bench.blaster", environ=os.environ, log=tmp_path / "log").wait_until_ready()


def test_a_row_shows_medians_and_the_spread_of_its_ratios():
    row = Row("a", "mails", "mails/s", [30_000, 20_000, 25_000], "theirs", [10_000, 10_000, 10_000], "0.8 ×", "1.0 ×")
    assert row.cells() == ("mails", "25,000 mails/s", "theirs", "10,000 mails/s", "2.5 × (2–3)", "0.8 ×", "1.0 ×")
    assert Row("b", "memory", "MB", [41.04, 39, 45]).cells()[1:5] == ("41 MB", "", "", "")


def test_a_page_is_filled_in_between_its_marks_again_and_again(tmp_path):
    results = Results(tmp_path / "performance.json")
    results.add(Row("sink", "the sink", "mails/s", [90_000]), {"processor": "a good one"})
    path = tmp_path / "page.md"
    path.write_text(
        "Words\n<!-- machine -->\nold\n<!-- end -->\n<!-- rows: newsletter-* sink -->\n<!-- end -->\nmore\n"
    )
    page.fill(path, results)
    once = path.read_text()
    page.fill(path, Results(tmp_path / "performance.json"))
    assert path.read_text() == once
    assert "- processor: a good one\n<!-- end -->" in once
    assert f"{table.markdown([results.rows['sink']])}<!-- end -->\nmore\n" in once
    assert "old" not in once


def test_every_mark_of_the_real_page_means_something(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(page.PATH.read_text())
    page.fill(path, Results(tmp_path / "nothing.json"))
    assert path.read_text().count("Not measured yet.") == path.read_text().count("<!-- end -->") > 5


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_newsletter_is_measured_in_small(tmp_path):
    """All that the bench starts, and the account at its end: a mail that came twice or not at all would end it."""
    words = [sys.executable, "-m", "bench", "newsletter", "--people", "300", "--rounds", "1", "--into", str(tmp_path)]
    result = subprocess.run(words, cwd=page.ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    rows = json.loads((tmp_path / "performance.json").read_text())
    assert [row["name"] for row in rows if row["small"]] == [
        *(f"newsletter-{count}{part}" for count in (1, 2, 4) for part in ("", "-whole")), "memory",
    ]  # fmt: skip
    assert all(value > 0 for row in rows for value in row["ours"])
    assert "newsletter by 2 sending processes" in (tmp_path / "performance.md").read_text()


def test_every_row_that_can_be_asked_for_is_there():
    for name in bench.__main__.GROUPS:
        assert importlib.import_module(f"bench.rows.{name}").measure


def test_a_picture_holds_every_point_within_its_frame():
    drawn = picture.drawn("A & B", [picture.Panel("rate", [(0, 0), (10, 1234)]), picture.Panel("memory", [(5, 3)])])
    assert "<title>A &amp; B</title>" in drawn
    assert drawn.count("<polyline") == 2
    assert ">1,250<" in drawn


def test_samples_that_differ_are_told_apart_and_others_are_not():
    dice = random.Random(1)
    ones, alike, later = ([dice.expovariate(1) + late for _ in range(1000)] for late in (0, 0, 0.3))
    for test in (likeness.mann_whitney, likeness.kolmogorov_smirnov):
        assert test(ones, ones) == 1
        assert test(ones, alike) > 0.05
        assert test(ones, later) < 1e-6


def test_the_two_tests_agree_with_the_books():
    """U = 3 of 3 × 4 without ties; the largest gap of 3/4 over samples of four."""
    assert likeness.mann_whitney([1, 4, 6], [2, 5, 7, 8]) == pytest.approx(0.2888, abs=1e-3)
    assert likeness.mann_whitney([1.0] * 5, [1.0] * 5) == 1
    assert likeness.kolmogorov_smirnov([1, 2, 3, 4], [3.5, 5, 6, 7]) == pytest.approx(0.1110, abs=2e-2)


def test_several_comparisons_are_corrected_for_their_number():
    assert likeness.holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})


def test_the_smallest_shift_that_would_be_seen_is_smaller_where_times_vary_less():
    def times(spread):
        dice = random.Random(2)
        return [0.002 + dice.random() * spread for _ in range(200)]

    assert likeness.smallest_seen(times(1e-5), 3, random.Random(3)) < 1e-5
    assert likeness.smallest_seen(times(1e-3), 3, random.Random(3)) > 1e-5
