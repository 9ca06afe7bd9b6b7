"""What a killed process knew of its mails is read back: all of it, or it is said that some is missing."""

import os
import shutil
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from funnel.mail import abandoned, frames
from funnel.mail.abandoned import same_boot
from funnel.mail.journal import MAGIC, Journal, answer, dot
from tests.journals import RECORDS, TAKEN, left_behind, only


def header_size(folder: Path) -> int:
    book = Journal(folder)
    book.close()
    return book.size


def test_torn_anywhere_it_tells_what_was_written_before(tmp_path):
    path, start = left_behind(tmp_path, *RECORDS), header_size(tmp_path)
    whole = path.read_bytes()
    for size in range(start, len(whole)):
        os.truncate(path, size)
        found = only(tmp_path)
        dots = 1 if size >= start + len(RECORDS[0]) else 0
        assert len(found.entries.get(7, {})) == dots + (size >= start + len(RECORDS[0] + RECORDS[1]))
        assert 8 not in found.entries
        assert same_boot(found)  # the write that was torn never returned: no dot followed it
        path.write_bytes(whole)


def test_a_file_that_lost_its_header_is_of_another_boot(tmp_path):
    path, start = left_behind(tmp_path, *RECORDS), header_size(tmp_path)
    for size in range(start):
        os.truncate(path, size)
        found = only(tmp_path)
        assert not found.whole
        assert not same_boot(found)
        assert found.entries == {}
        path.write_bytes(path.read_bytes().ljust(start, b"\0"))  # as some file systems fill up after a power cut
        assert not same_boot(only(tmp_path))


def test_a_flipped_bit_is_noticed_and_never_read_as_something_else(tmp_path):
    path, start = left_behind(tmp_path, *RECORDS), header_size(tmp_path)
    whole = path.read_bytes()
    right = only(tmp_path).entries
    for at in range(8 * len(MAGIC), 8 * len(whole)):
        flipped = bytearray(whole)
        flipped[at // 8] ^= 1 << at % 8
        path.write_bytes(flipped)
        found = only(tmp_path)
        assert not found.whole
        assert not same_boot(found)
        for claim_id, mails in found.entries.items():
            for message_id, reply in mails.items():
                lost_its_answer = reply is None and (claim_id, message_id) == (7, 1) and at >= 8 * start
                assert lost_its_answer or right[claim_id][message_id] == reply


@given(st.binary(max_size=200))
def test_whatever_stands_behind_the_header_can_be_read(tmp_path_factory, junk):
    folder = tmp_path_factory.mktemp("journal")
    left_behind(folder, dot(7, 1), junk)
    assert only(folder).entries[7] == {1: None}


def test_a_record_of_a_kind_we_do_not_know_is_damage(tmp_path):
    left_behind(tmp_path, frames.framed(b""), frames.framed(b"\xff" * 30), dot(7, 1))
    found = only(tmp_path)
    assert found.entries == {7: {1: None}}
    assert not found.whole


def test_another_boot_is_told_from_this_one(tmp_path, monkeypatch):
    left_behind(tmp_path, *RECORDS)
    monkeypatch.setattr(abandoned, "boot_id", lambda: "another")
    assert not same_boot(only(tmp_path))


def test_a_copy_is_not_trusted_to_be_complete(tmp_path):
    path = left_behind(tmp_path, *RECORDS)
    renamed = path.rename(tmp_path / "restored.journal")
    assert not same_boot(only(tmp_path))
    shutil.copyfile(renamed, path)
    renamed.unlink()
    found = only(tmp_path)
    assert not same_boot(found)
    assert found.entries[7] == {1: TAKEN, 2: None}


def test_a_huge_one_is_read_whole(tmp_path):
    book = Journal(tmp_path)
    for number in range(100_000):
        book.write(answer(number // 1000, number, TAKEN) + dot((number + 1) // 1000, number + 1))
    book.close(keep=True)
    found = only(tmp_path)
    assert found.whole
    assert sum(len(mails) for mails in found.entries.values()) == 100_001
    assert [found.entries[99][99_999], found.entries[100][100_000]] == [TAKEN, None]
