"""Writing the journal: what is written is read back, and what cannot be written is said before a dot follows."""

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnel.mail import held, journal
from funnel.mail.abandoned import same_boot
from funnel.mail.journal import Journal, JournalError, answer, dot
from funnel.mail.replies import LONGEST_REPLY, Reply, Stage
from tests.journals import RECORDS, REFUSED, TAKEN, left_behind, only

NOBODY = 65534


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_it_tells_of_each_claim_which_mails_were_dotted_and_what_was_answered(tmp_path):
    path = left_behind(tmp_path, *RECORDS)
    found = only(tmp_path)
    assert found.entries == {7: {1: TAKEN, 2: None}, 8: {3: REFUSED}}
    assert found.whole
    assert same_boot(found)
    assert (found.path, found.host) == (path, os.uname().nodename)
    assert path.name == f"{found.name}.journal"


def test_a_dot_after_an_answer_is_open_again(tmp_path):
    left_behind(tmp_path, dot(7, 1), answer(7, 1, Reply(Stage.DOT, 451)), dot(7, 1))
    assert only(tmp_path).entries == {7: {1: None}}


@given(
    st.builds(
        Reply,
        st.sampled_from(Stage),
        st.integers(0, 999),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=LONGEST_REPLY),
    ),
    st.integers(1, 2**63 - 1),
    st.integers(1, 2**63 - 1),
)
def test_any_reply_is_read_as_it_was_written(tmp_path_factory, reply, claim_id, message_id):
    folder = tmp_path_factory.mktemp("journal")
    left_behind(folder, answer(claim_id, message_id, reply))
    assert only(folder).entries == {claim_id: {message_id: reply}}


def test_a_reply_is_kept_short_and_need_not_be_text(tmp_path):
    left_behind(tmp_path, answer(7, 1, Reply(Stage.DOT, 250, "é\udc80" * LONGEST_REPLY)))
    assert only(tmp_path).entries == {7: {1: Reply(Stage.DOT, 250, "é?" * (LONGEST_REPLY // 2))}}


def test_cleared_it_goes_on_empty(tmp_path):
    book = Journal(tmp_path)
    empty = book.size
    book.write(RECORDS[0])
    assert book.size == empty + len(RECORDS[0]) == book.path.stat().st_size
    book.clear()
    assert book.size == empty == book.path.stat().st_size
    book.write(RECORDS[2])
    book.close(keep=True)
    assert only(tmp_path).entries == {8: {3: REFUSED}}


def test_closed_it_is_gone_unless_kept(tmp_path):
    Journal(tmp_path).close()
    assert list(tmp_path.iterdir()) == []
    book = Journal(tmp_path)
    book.close(keep=True)
    book.close()  # again does nothing
    assert list(tmp_path.iterdir()) == [book.path]
    assert book.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(JournalError):
        book.write(dot(7, 1))


@pytest.mark.parametrize("room", range(1, len(RECORDS[1])))
def test_on_a_full_disk_nothing_of_the_write_counts_and_later_it_goes_on(tmp_path, room):
    book = Journal(tmp_path)
    book.write(RECORDS[0])
    with largest_file(book.size + room):
        for _ in range(2):
            with pytest.raises(JournalError, match="Make room"):
                book.write(RECORDS[1])
    book.write(RECORDS[2])
    book.close(keep=True)
    found = only(tmp_path)
    assert found.entries == {7: {1: None}, 8: {3: REFUSED}}
    assert same_boot(found)


def test_while_what_was_torn_cannot_be_cut_off_nothing_is_written(tmp_path, monkeypatch):
    book = Journal(tmp_path)
    with largest_file(book.size + 5), pytest.raises(JournalError):
        book.write(RECORDS[0])
    monkeypatch.setattr(os, "ftruncate", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(JournalError, match="Input/output"):
        book.write(RECORDS[0])
    monkeypatch.undo()
    book.write(RECORDS[0])
    book.close(keep=True)
    assert only(tmp_path).entries == {7: {1: None}}


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux has it")
def test_a_full_device_is_a_journal_error(tmp_path):
    book = Journal(tmp_path)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, book._file.descriptor, inheritable=False)
    os.close(full)
    with pytest.raises(JournalError, match="No space left"):
        book.write(RECORDS[0])
    book.close()


def test_without_the_kernels_boot_id_the_second_of_the_start_tells(monkeypatch, tmp_path):
    monkeypatch.setattr(journal, "BOOT_ID", tmp_path / "none")
    one, other = (journal.boot_id.__wrapped__() for _ in range(2))
    seconds = [int(words.removeprefix(f"{os.uname().nodename} ")) for words in (one, other)]
    assert abs(seconds[0] - seconds[1]) <= 1


def test_the_folder_is_made_under_data_dir_for_us_only(tmp_path, setting):
    setting(DATA_DIR=str(tmp_path / "var"))
    assert journal.folder() == tmp_path / "var" / "journal"
    assert journal.folder().stat().st_mode & 0o777 == 0o700


def test_a_data_dir_that_cannot_be_written_is_said_with_how_to_mend_it(tmp_path, setting):
    (tmp_path / "var").write_text("a file stands in the way")
    setting(DATA_DIR=str(tmp_path / "var"))
    with pytest.raises(JournalError, match=r"var/journal .* set DATA_DIR to another folder"):
        journal.folder()
    with pytest.raises(JournalError, match=r"No such file .* set DATA_DIR to another folder"):
        Journal(tmp_path / "none")


def test_a_folder_of_another_account_is_said_with_how_to_mend_it(tmp_path):
    tmp_path.chmod(0o500)
    ours = os.geteuid()
    if ours == 0:
        os.seteuid(NOBODY)
    try:
        with pytest.raises(JournalError, match=r"Permission denied.* Let the account that Funnel runs as write there"):
            Journal(tmp_path)
    finally:
        os.seteuid(ours)


def test_a_disk_that_is_full_at_the_start_is_said_and_nothing_is_left(tmp_path):
    with largest_file(10), pytest.raises(JournalError, match="Make room on that disk"):
        Journal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(
        held.fcntl, "flock", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOLCK, "No locks available"))
    )
    with pytest.raises(JournalError, match=r"No locks available.* on a local disk"):
        Journal(tmp_path)
    assert list(tmp_path.iterdir()) == []
