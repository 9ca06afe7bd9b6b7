"""A database clock that can be set: `now()` and `clock_timestamp()` found before its own, by the search path."""

from collections.abc import Iterator
from contextlib import contextmanager

from bench.rig import Rig

_LOOSE = """
CREATE SCHEMA IF NOT EXISTS loose;
CREATE TABLE IF NOT EXISTS loose.clock (ahead interval NOT NULL);
TRUNCATE loose.clock;
INSERT INTO loose.clock VALUES ('0');
CREATE OR REPLACE FUNCTION loose.now() RETURNS timestamptz STABLE LANGUAGE sql
    AS 'SELECT pg_catalog.now() + ahead FROM loose.clock';
CREATE OR REPLACE FUNCTION loose.clock_timestamp() RETURNS timestamptz VOLATILE LANGUAGE sql
    AS 'SELECT pg_catalog.clock_timestamp() + ahead FROM loose.clock';
ALTER DATABASE postgres SET search_path = loose, pg_catalog, public;
"""
_FAST = "ALTER DATABASE postgres RESET search_path; DROP SCHEMA loose CASCADE"


class Clock:
    def __init__(self, rig: Rig) -> None:
        self.rig = rig

    def jump(self, ahead_s: float) -> None:
        """So far ahead of the real time, or behind it, is the database's from now on."""
        self.rig.database.execute("UPDATE loose.clock SET ahead = %s * interval '1 s'", [ahead_s])

    def reap(self) -> int:
        """As tasks/mail.py does each minute."""
        from funnel.db import Session, database_now
        from funnel.mail import reap

        with Session.begin() as session:
            return reap.reap(session, database_now(session))


@contextmanager
def loose(rig: Rig) -> Iterator[Clock]:
    """Within it, for connections made from now on."""
    rig.database.execute(_LOOSE)
    _reconnect(rig)
    try:
        yield Clock(rig)
    finally:
        rig.database.execute(_FAST)
        _reconnect(rig)


def _reconnect(rig: Rig) -> None:
    from funnel.db import engine

    engine().dispose()
    rig.database.close()
    rig.connect()
