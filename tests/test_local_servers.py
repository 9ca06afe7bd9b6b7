"""The embedded PostgreSQL and Redis: started by us, closed to others, and clear when they cannot start."""

import os
from pathlib import Path

import psycopg
import pytest
import redis

from funnel.local import account, broker, database, logfile, ports, programs

AS_ROOT = os.geteuid() == 0


def ask(url: str, question: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


def test_data_is_kept_over_a_restart(tmp_path: Path) -> None:
    first = database.start(tmp_path / "a folder")
    ask(first.url, "CREATE TABLE kept AS SELECT 7 AS number")
    first.stop()
    second = database.start(tmp_path / "a folder")
    try:
        assert ask(second.url, "SELECT number FROM kept") == 7
        assert ask(second.url, "SHOW fsync") == "on"
        assert ask(second.url, "SHOW listen_addresses") == ""
        assert ask(second.url, "SELECT lower('ÄÉ腰')") == "äé腰"
    finally:
        second.stop()


def test_no_mode_of_a_folder_we_did_not_make_is_changed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    before = [(path.stat().st_mode, path.stat().st_uid) for path in (closed, tmp_path, tmp_path.parent)]
    server = database.start(closed / "database", durable=False)
    try:
        assert [(path.stat().st_mode, path.stat().st_uid) for path in (closed, tmp_path, tmp_path.parent)] == before
        assert (closed / "database").stat().st_mode & 0o777 == 0o700
    finally:
        server.stop()


def test_a_path_too_long_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    server = database.start(tmp_path / ("long" * 30), durable=False)
    try:
        assert len(str(server.socket)) < 100
        assert server.socket.stat().st_mode & 0o777 == 0o700
        assert ask(server.url, "SELECT 1") == 1
    finally:
        server.stop()
    assert not server.socket.exists()


def test_a_first_start_that_was_cut_short_is_begun_again(tmp_path: Path) -> None:
    (tmp_path / "database" / "data.new").mkdir(parents=True)
    (tmp_path / "database" / "data.new" / "PG_VERSION").write_text("18")
    database.start(tmp_path / "database", durable=False).stop()


def test_a_folder_of_other_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(database.DatabaseError, match="is not a PostgreSQL data folder"):
        database.start(tmp_path)


def test_data_of_a_version_no_longer_shipped_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("9")
    with pytest.raises(database.DatabaseError, match="made by PostgreSQL 9"):
        database.start(tmp_path)


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    with pytest.raises(database.DatabaseError, match="nonsense"):
        database.start(tmp_path / "database", options=("-c", "nonsense=1"))


def test_a_server_without_its_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "WHEEL", "no_such_wheel")
    with pytest.raises(database.DatabaseError, match="not installed"):
        database.start(tmp_path)


@pytest.mark.skipif(not AS_ROOT, reason="only root needs another account")
def test_as_root_the_server_runs_under_another_account(tmp_path: Path) -> None:
    server = database.start(tmp_path / "database", durable=False)
    try:
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    finally:
        server.stop()


@pytest.mark.skipif(not AS_ROOT, reason="only root needs another account")
def test_root_without_any_account_to_use_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CANDIDATES", ("no-such-account",))
    with pytest.raises(account.AccountError, match="set DATABASE_URL"):
        database.start(tmp_path / "database")


@pytest.mark.skipif(not AS_ROOT, reason="only root needs another account")
def test_a_folder_no_account_may_enter_is_told_how_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "CAPABILITIES", ())
    tmp_path.chmod(0o700)
    with pytest.raises(account.AccountError, match="such as /srv/funnel"):
        database.start(tmp_path / "database")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another account")
def test_data_made_by_an_account_stays_theirs(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    os.chown(tmp_path / "data", 33, 33)
    assert account._owner(tmp_path) == (33, 33)


def test_redis_asks_for_its_password_and_keeps_every_message(tmp_path: Path) -> None:
    port = ports.free()
    server = broker.start(tmp_path, port)
    try:
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=port).ping()
        with redis.Redis.from_url(server.url) as client:
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
        assert (tmp_path / "redis.conf").stat().st_mode & 0o777 == 0o600
    finally:
        server.stop()


def test_redis_on_a_taken_port_is_refused(tmp_path: Path) -> None:
    first = broker.start(tmp_path / "1", ports.free())
    try:
        with pytest.raises(broker.BrokerError, match=f"did not start on port {first.port}"):
            broker.start(tmp_path / "2", first.port)
    finally:
        first.stop()


def test_a_frozen_redis_is_stopped_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "STOP_TIMEOUT_S", 0.2)
    server = broker.start(tmp_path, ports.free())
    server.process.send_signal(19)
    server.stop()
    assert server.process.returncode == -9


def test_a_given_database_that_is_too_old_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "OLDEST_VERSION", 99)
    server = database.start(tmp_path / "database", durable=False)
    try:
        with pytest.raises(database.DatabaseError, match="99 or later is needed"):
            database.check(server.url.replace("postgresql://", "postgresql+psycopg://"))
    finally:
        server.stop()


def test_a_log_that_has_grown_large_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "LARGEST_BYTES", 3)
    for line in (b"first", b"second"):
        with logfile.opened(tmp_path / "log") as log:
            log.write(line)
    assert (logfile.tail(tmp_path / "log"), logfile.tail(tmp_path / "log.old")) == ("second", "first")
    assert logfile.tail(tmp_path / "none") == ""


def test_a_port_for_root_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    # Every test may run as root, who is never refused.
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("socket.socket.bind", refuse)
    with pytest.raises(ports.PortError, match="Set PORT to one from 1024 up"):
        ports.check(80, "PORT")
