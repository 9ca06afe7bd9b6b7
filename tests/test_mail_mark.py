"""The mark only rises, whoever writes it, and a broken one is none."""

import multiprocessing
from datetime import timedelta
from pathlib import Path

import pytest

from funnel.mail import mark
from funnel.mail.mark import Mark
from tests.conftest import NOW

LATER = NOW + timedelta(microseconds=1)


@pytest.fixture
def place(tmp_path: Path, setting) -> Path:  # type: ignore[no-untyped-def]
    setting(DATA_DIR=str(tmp_path / "data"))
    return tmp_path / "data" / "sending.mark"


def test_it_comes_back_as_it_was_written(place):
    for whole in (Mark(NOW), Mark(LATER, 1 << 62, 1 << 62, LATER)):
        mark.write([whole])
        assert mark.read() == whole
    assert place.stat().st_mode & 0o777 == 0o600
    assert place.stat().st_size == mark.LENGTH


def test_it_only_rises(place):
    mark.write([Mark(NOW, 5, 50), Mark(NOW, 7, 40), Mark(NOW, 6, 60, told_at=NOW)])
    mark.write([Mark(NOW, 2, 2)])
    assert mark.read() == Mark(NOW, 7, 60, NOW)


def test_it_begins_anew_for_a_database_that_was_accepted_since(place):
    mark.write([Mark(NOW, 5, 50, NOW)])
    mark.write([Mark(LATER)])
    assert mark.read() == Mark(LATER)


@pytest.mark.parametrize(
    "harm",
    [b"", b"\0" * 256, b"{", b"[]", b"1", b'{"accepted_at": 1}', b'{"accepted_at": null, "told_at": null}'],
)
def test_a_broken_one_is_none_and_is_made_anew(place, harm):
    place.parent.mkdir()
    place.write_bytes(harm)
    assert mark.read() is None
    mark.write([Mark(NOW, 1)])
    assert mark.read() == Mark(NOW, 1)


def test_none_is_none(place):
    assert mark.read() is None


def test_what_keeps_it_from_being_written_is_said(place, caplog):
    place.parent.write_text("")
    mark.write([Mark(NOW)])
    assert "might go unnoticed" in caplog.text


def _raise(first: int) -> None:
    for number in range(first, 2000, 4):
        mark.write([Mark(NOW, number, number)])


def test_several_processes_share_it(place):
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_raise, args=(first,)) for first in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert mark.read() == Mark(NOW, 1999, 1999)
