"""Who may read a journal: nobody while its process lives, and one at a time once it is dead, however it died."""

import itertools
import mmap
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from funnel.mail import abandoned, held
from funnel.mail.journal import Journal, JournalError, dot

ROOT = Path(__file__).parent.parent
SENDER = """
import os, subprocess, sys
from pathlib import Path
from funnel.mail.journal import Journal, dot
book = Journal(Path(sys.argv[1]))
book.write(dot(7, 1))
"""
# What outlives its parent: it says that it is there, and waits until our end of its standard input is closed.
WAITS = "os.write(1, b'ready%c' % 10); sys.stdin.read()"
LIVES_ON = {
    "forks": f"if os.fork() == 0: {WAITS}; os._exit(0)",
    "forks and has it collected": f"if os.fork() == 0: del book; {WAITS}; os._exit(0)",
    "starts": f"subprocess.Popen([sys.executable, '-c', \"import os, sys; {WAITS}\"], close_fds=False)",
}


@contextmanager
def sender(folder: Path, more: str = "") -> Iterator[subprocess.Popen]:
    """A process with a journal in `folder` that holds one dot. Killed in the end."""
    script = f"{SENDER}{more}\n{WAITS}"
    words = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        try:
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()
            process.stdin.close()


def killed(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def names(folder: Path) -> list[str]:
    return [found.name for found in abandoned.journals(folder)]


def test_a_journal_is_left_alone_while_its_process_lives_and_found_once_it_is_killed(tmp_path):
    own = Journal(tmp_path)
    with sender(tmp_path) as other:
        assert names(tmp_path) == []
        killed(other)
        (found,) = abandoned.journals(tmp_path)
    assert found.entries == {7: {1: None}}
    assert abandoned.same_boot(found)
    assert f"-{other.pid}-" in found.name
    own.close()


@pytest.mark.parametrize("after_ms", range(1, 21))
def test_killed_at_any_moment_every_finished_write_is_found_and_at_most_one_more(tmp_path, after_ms):
    written = mmap.mmap(-1, 8)  # shared with the child
    pid = os.fork()
    if pid == 0:
        try:
            book = Journal(tmp_path)
            for number in itertools.count(1):
                book.write(dot(7, number))
                written[:] = number.to_bytes(8)
        finally:
            os._exit(1)
    while not any(written[:]):
        time.sleep(0.001)
    time.sleep(after_ms / 1000)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    last = int.from_bytes(written[:])
    (found,) = abandoned.journals(tmp_path)
    assert abandoned.same_boot(found)
    assert list(found.entries[7]) in (list(range(1, last + 1)), list(range(1, last + 2)))


@pytest.mark.parametrize("child", LIVES_ON.values(), ids=LIVES_ON)
def test_a_child_that_lives_on_does_not_keep_its_parents_lock(tmp_path, child):
    with sender(tmp_path, child) as parent:
        assert parent.stdout.readline() == b"ready\n"  # the other of the two
        assert names(tmp_path) == []  # and the child's closing did not open it either
        killed(parent)
        assert len(names(tmp_path)) == 1


def test_a_child_cannot_write_in_its_parents_journal_nor_remove_it(tmp_path):
    book = Journal(tmp_path)
    pid = os.fork()
    if pid == 0:
        wrong = 1
        try:
            number = os.open("/dev/null", os.O_RDWR)  # gets the number that the journal had
            with pytest.raises(JournalError):
                book.write(dot(7, 1))
            book.close()
            os.fstat(number)  # still open
            wrong = 0
        finally:
            os._exit(wrong)
    assert os.waitpid(pid, 0)[1] == 0
    book.write(dot(7, 2))
    book.close(keep=True)
    (found,) = abandoned.journals(tmp_path)
    assert found.entries == {7: {2: None}}


def test_one_at_a_time_has_a_dead_ones_journal(tmp_path):
    Journal(tmp_path).close(keep=True)
    Journal(tmp_path).close(keep=True)
    mine = abandoned.journals(tmp_path)
    first = next(mine)
    assert first.name not in names(tmp_path)
    second = next(mine)
    assert names(tmp_path) == [first.name]  # let go when the next was asked for
    with pytest.raises(OSError, match="held no more"):
        first.remove()
    second.remove()
    assert list(mine) == []
    assert names(tmp_path) == [first.name]


def test_another_process_cannot_take_what_is_being_replayed(tmp_path):
    Journal(tmp_path).close(keep=True)
    tries = "taken = list(__import__('funnel.mail.abandoned').mail.abandoned.journals(Path(sys.argv[1])))\n"
    for _ in abandoned.journals(tmp_path):
        with sender(tmp_path, f"\n{tries}assert not taken"):
            pass


def test_of_two_who_open_the_same_file_the_later_does_not_get_what_the_first_removed(tmp_path, monkeypatch):
    book = Journal(tmp_path)
    book.close(keep=True)
    flock = held.fcntl.flock

    def first_comes_another(descriptor: int, what: int) -> None:
        monkeypatch.undo()
        for found in abandoned.journals(tmp_path):
            found.remove()
        flock(descriptor, what)

    monkeypatch.setattr(held.fcntl, "flock", first_comes_another)
    assert held.taken(book.path) is None
    assert list(tmp_path.iterdir()) == []


def test_many_who_come_at_once_replay_each_journal_once(tmp_path):
    for _ in range(50):
        Journal(tmp_path).close(keep=True)
    replayed: list[str] = []

    def replay() -> None:
        for found in abandoned.journals(tmp_path):
            replayed.append(found.name)
            found.remove()

    threads = [threading.Thread(target=replay) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replayed) == len(set(replayed)) == 50
    assert list(tmp_path.iterdir()) == []


def test_a_journal_is_never_seen_before_it_is_locked_and_has_its_header(tmp_path):
    made = threading.Event()
    seen: list[object] = []

    def watch() -> None:
        while not made.is_set():
            seen.extend(abandoned.journals(tmp_path))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(300):
        Journal(tmp_path).close()
    made.set()
    watcher.join()
    assert seen == []


def test_nothing_stays_open(tmp_path):
    before = sorted(os.listdir("/dev/fd"))
    Journal(tmp_path).close(keep=True)
    (tmp_path / "other.journal").write_text("not ours")
    names(tmp_path)
    next(abandoned.journals(tmp_path))  # and not asked on
    assert sorted(os.listdir("/dev/fd")) == before


def test_what_is_no_journal_is_left_alone_and_said(tmp_path, caplog):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "other.journal").write_text("another program's journal")
    (tmp_path / "later.journal").write_bytes(b"funnel journal 2\n")
    (tmp_path / "folder.journal").mkdir()
    (tmp_path / "link.journal").symlink_to(tmp_path / "notes.txt")
    os.mkfifo(tmp_path / "pipe.journal")
    assert names(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 6
    for name in ("other", "later", "folder", "link"):
        assert f"{name}.journal is not read" in caplog.text


def test_an_empty_file_is_found_and_promises_nothing(tmp_path):
    (tmp_path / "cut.journal").touch()
    for found in abandoned.journals(tmp_path):
        assert (found.whole, found.entries, abandoned.same_boot(found)) == (False, {}, False)
        found.remove()
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_half_made_is_swept_when_it_is_old(tmp_path):
    old, fresh = tmp_path / f"a.journal{held.UNFINISHED}", tmp_path / f"b.journal{held.UNFINISHED}"
    for path in (old, fresh):
        path.touch()
    os.utime(old, (0, time.time() - held.LEFT_BEHIND_S - 1))
    assert names(tmp_path) == []
    assert list(tmp_path.iterdir()) == [fresh]


def test_a_folder_that_is_not_there_holds_none(tmp_path):
    assert names(tmp_path / "none") == []
