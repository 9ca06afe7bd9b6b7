"""The file of withdrawals: what stands in it after kills, full disks, and people who change their mind."""

import os
import resource
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from zlib import crc32

import pytest

from funnel.audience import ending, own_data, suppression, withdrawals
from funnel.audience.withdrawals import Kind, Line
from funnel.db import before_commit
from funnel.models.people import SuppressionReason
from tests.audience_cast import VISIT, confirms, signs_up
from tests.conftest import NOW
from tests.factories import a_booking, a_form, a_subscriber

ADA, BOB = b"a" * 16, b"b" * 16
HOUR = timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path, setting) -> Path:  # type: ignore[no-untyped-def]
    """Where the file is, in a DATA_DIR of its own that is not there yet."""
    setting(DATA_DIR=str(tmp_path / "data"))
    return tmp_path / "data" / "withdrawals"


def kinds(place: Path) -> list[Kind]:
    return [line.kind for line in withdrawals.read(place)]


def test_a_line_comes_back_as_it_was_written(place):
    lines = [Line(NOW + timedelta(microseconds=7), kind, ADA) for kind in Kind]
    withdrawals.write(lines[:2])
    withdrawals.write(lines[2:])
    assert withdrawals.read(place) == lines
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.parent.stat().st_mode & 0o777 == 0o700


def test_no_file_is_no_lines(place):
    assert withdrawals.read(place) == []
    assert withdrawals.standing() == {}


@pytest.mark.parametrize("cut", range(1, 75))
def test_a_torn_line_spoils_neither_those_before_nor_those_after_it(place, cut):
    withdrawals.write([Line(NOW, Kind.LEFT, ADA), Line(NOW, Kind.BOUNCED, BOB)])
    os.truncate(place, place.stat().st_size - cut)
    withdrawals.write([Line(NOW, Kind.COMPLAINED, BOB)])
    whole = [Kind.LEFT, Kind.BOUNCED] if cut == 1 else [Kind.LEFT]  # only the end of the line is missing
    assert kinds(place) == [*whole, Kind.COMPLAINED]


@pytest.mark.parametrize(
    "harm",
    [
        b"\0" * 5000,
        b"rubbish\n",
        b"2026-03-03T12:00:00.000000Z left \xff\n",
        b"\n\n",
        b"2026-03-03 forgot " + b"0" * 40,
    ],
)
def test_what_is_no_line_is_left_out(place, harm):
    withdrawals.write([Line(NOW, Kind.LEFT, ADA)])
    with place.open("ab") as file:
        file.write(harm)
    withdrawals.write([Line(NOW, Kind.LEFT, BOB)])
    assert kinds(place) == [Kind.LEFT, Kind.LEFT]


def test_a_line_that_was_changed_is_left_out_and_said(place, caplog):
    withdrawals.write([Line(NOW, Kind.LEFT, ADA), Line(NOW, Kind.BOUNCED, BOB)])
    place.write_bytes(place.read_bytes().replace(b"left", b"lift", 1))
    assert kinds(place) == [Kind.BOUNCED]
    assert "1 lines are damaged" in caplog.text


def test_a_kind_of_a_later_version_is_left_out(place):
    words = f"2026-03-03T12:00:00.000000Z paused {ADA.hex()}"
    place.parent.mkdir()
    place.write_text(f"{words} {crc32(words.encode()):08x}\n")
    withdrawals.write([Line(NOW, Kind.LEFT, ADA)])
    assert kinds(place) == [Kind.LEFT]


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ([Kind.LEFT], {Kind.LEFT}),
        ([Kind.LEFT, Kind.RETURNED], {Kind.RETURNED}),
        ([Kind.LEFT, Kind.RETURNED, Kind.LEFT], {Kind.RETURNED, Kind.LEFT}),
        ([Kind.COMPLAINED, Kind.RETURNED], {Kind.COMPLAINED, Kind.RETURNED}),
        ([Kind.COMPLAINED, Kind.LIFTED], {Kind.LIFTED}),
        ([Kind.ERASED, Kind.LEFT, Kind.RETURNED], {Kind.ERASED, Kind.RETURNED}),
    ],
)
def test_who_came_back_has_not_left(place, told, stands):
    withdrawals.write([Line(NOW + HOUR * number, kind, ADA) for number, kind in enumerate(told)])
    withdrawals.write([Line(NOW, Kind.LEFT, BOB)])
    found = withdrawals.standing()
    assert found[ADA].keys() == stands
    assert found[BOB] == {Kind.LEFT: NOW}


def test_a_return_written_late_does_not_undo_the_leaving_that_followed_it(place):
    withdrawals.write([Line(NOW + HOUR, Kind.LEFT, ADA), Line(NOW, Kind.RETURNED, ADA)])
    assert Kind.LEFT in withdrawals.standing()[ADA]


def test_a_disk_that_is_full_keeps_nobody_from_leaving(place, session, caplog):
    ada = a_subscriber(session)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    place.parent.mkdir()
    place.write_bytes(b"")
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
        ending.leave(session, ada.id, "page", VISIT, NOW)
        session.commit()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert "would forget it" in caplog.text
    ending.bounced(session, ada.id, NOW)
    session.commit()
    assert kinds(place) == [Kind.BOUNCED]  # after ten bytes of the first


def test_a_folder_that_is_a_file_keeps_nobody_from_leaving(place, session, caplog):
    place.parent.write_text("")
    ending.leave(session, a_subscriber(session).id, "page", VISIT, NOW)
    session.commit()
    assert "would forget it" in caplog.text


WRITES_UNTIL_KILLED = """
import itertools
from datetime import UTC, datetime
from funnel.audience import withdrawals
from funnel.audience.withdrawals import Kind, Line
for number in itertools.count(1):
    withdrawals.write([Line(datetime.now(UTC), Kind.LEFT, number.to_bytes(16, "big"))] * 3)
    print(number, flush=True)
"""


def test_what_was_written_survives_kill_9_and_writers_do_not_mix(place):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITES_UNTIL_KILLED], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = []
    for writer in writers:
        assert writer.stdout
        told += [int(writer.stdout.readline()) for _ in range(20)]
    for writer in writers:
        writer.kill()
        writer.communicate()
    withdrawals.write([Line(NOW, Kind.ERASED, ADA)])
    lines = withdrawals.read(place)
    assert lines[-1].kind is Kind.ERASED
    for number in told:
        assert sum(line.address_hash == number.to_bytes(16, "big") for line in lines) >= 3
    assert place.read_bytes().count(b"\n") <= len(lines) + 2  # at most the line that each was killed in


def test_leaving_is_written_before_the_commit(place, session):
    ada = a_subscriber(session)
    session.commit()
    seen = []
    before_commit(session, lambda _: seen.append(place.exists()), None)
    ending.leave(session, ada.id, "page", VISIT, NOW)
    before_commit(session, lambda _: seen.append(kinds(place)), None)
    assert not place.exists()
    session.commit()
    assert seen == [False, [Kind.LEFT]]
    assert withdrawals.read(place) == [Line(NOW, Kind.LEFT, ada.address_hash)]


def test_nothing_is_written_of_what_is_rolled_back(place, session):
    ending.leave(session, a_subscriber(session).id, "page", VISIT, NOW)
    session.rollback()
    session.commit()
    assert not place.exists()


def test_each_withdrawal_is_written_once(place, session):
    one, two, three, four = (a_subscriber(session) for _ in range(4))
    for _ in range(2):
        ending.leave(session, one.id, "page", VISIT, NOW)
        ending.bounced(session, two.id, NOW)
        ending.complained(session, three.id, NOW)
        own_data.erase(session, four.id, NOW)
        suppression.suppress(session, ADA, SuppressionReason.OWNER, NOW)
        session.commit()
    assert kinds(place) == [Kind.LEFT, Kind.BOUNCED, Kind.COMPLAINED, Kind.ERASED, Kind.SUPPRESSED]


def test_a_heavier_reason_is_written_too(place, session):
    suppression.suppress(session, ADA, SuppressionReason.BOUNCE, NOW)
    suppression.suppress(session, ADA, SuppressionReason.COMPLAINT, NOW)
    suppression.suppress(session, ADA, SuppressionReason.BOUNCE, NOW)
    session.commit()
    assert kinds(place) == [Kind.BOUNCED, Kind.COMPLAINED]


def test_what_the_owner_lifts_is_written_after_the_commit(place, session):
    suppression.lift(session, ADA, NOW)
    suppression.suppress(session, ADA, SuppressionReason.OWNER, NOW)
    session.commit()
    suppression.lift(session, ADA, NOW)
    session.rollback()
    suppression.lift(session, ADA, NOW)
    session.commit()
    assert kinds(place) == [Kind.SUPPRESSED, Kind.LIFTED]


def test_an_erased_booking_is_written_by_its_address(place, session):
    booking = a_booking(session, email="Ada@Example.org", name="Ada")
    for _ in range(2):
        own_data.erase_booking(session, booking.id, NOW)
    session.commit()
    assert kinds(place) == [Kind.UNBOOKED]


def test_coming_back_is_written_once_it_is_certain(place, session):
    form = a_form(session)
    ada = confirms(session, signs_up(session, form))
    ending.leave(session, ada.id, "page", VISIT, NOW)
    session.commit()
    confirms(session, signs_up(session, form, now=NOW + HOUR), NOW + HOUR)
    assert kinds(place) == [Kind.LEFT]
    session.commit()
    assert kinds(place) == [Kind.LEFT, Kind.RETURNED]


def test_a_first_confirming_is_no_return(place, session):
    confirms(session, signs_up(session, a_form(session)))
    session.commit()
    assert not place.exists()
